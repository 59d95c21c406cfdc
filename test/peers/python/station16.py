"""An OCPP 1.6 station. Usage: station16.py ENDPOINT IDENTITY PASSWORD GOOD_TOKEN BLOCKED_TOKEN"""

import asyncio

from ocpp.routing import after, on
from ocpp.v16 import ChargePoint, call, call_result
from ocpp.v16.enums import Action

from peer import main, now, step

METER_START_WH = 1000
METER_SAMPLES_WH = (1500, 2000)
METER_STOP_WH = 2500


class Station(ChargePoint):
    """One connector, one session at a time."""

    def __init__(self, orders, socket, chores):
        super().__init__(orders.identity, socket)
        self.orders = orders
        self.chores = chores
        self.transaction_id = None
        self.reset_asked = asyncio.Event()
        self.configuration = {"HeartbeatInterval": "300", "MeterValueSampleInterval": "60"}

    async def ask(self, request):
        """Sends a request; anything but its response is an error."""
        return await self.call(request, suppress=False)

    async def until_reset(self):
        """Boots, charges once on its own, and then does what the server says."""
        await self.boot()
        await self.report(0, "Available")
        await self.report(1, "Available")
        await self.ask(call.Heartbeat())
        for token in (self.orders.good_token, self.orders.blocked_token):
            answer = await self.ask(call.Authorize(id_tag=token))
            step("authorized", token=token, status=answer.id_tag_info["status"])
        await self.begin(self.orders.good_token)
        await self.end("Local", id_tag=self.orders.good_token)
        step("ready")
        await self.reset_asked.wait()

    async def boot(self):
        answer = await self.ask(
            call.BootNotification(
                charge_point_vendor="Python", charge_point_model="ocpp", charge_point_serial_number="P16", firmware_version="2.1.0"
            )
        )
        step("booted", status=answer.status, interval=answer.interval)

    async def report(self, connector_id, status):
        await self.ask(call.StatusNotification(connector_id=connector_id, error_code="NoError", status=status, timestamp=now()))

    async def begin(self, id_tag):
        """Starts a transaction and sends its samples."""
        await self.report(1, "Preparing")
        answer = await self.ask(
            call.StartTransaction(connector_id=1, id_tag=id_tag, meter_start=METER_START_WH, timestamp=now())
        )
        self.transaction_id = answer.transaction_id
        await self.report(1, "Charging")
        for energy_wh in METER_SAMPLES_WH:
            await self.sample(energy_wh)
        step("started", transaction_id=str(self.transaction_id), status=answer.id_tag_info["status"])

    async def sample(self, energy_wh):
        values = [
            {"value": str(energy_wh), "context": "Sample.Periodic", "measurand": "Energy.Active.Import.Register", "unit": "Wh"},
            {"value": "7200.5", "context": "Sample.Periodic", "measurand": "Power.Active.Import", "unit": "W"},
        ]
        await self.ask(
            call.MeterValues(
                connector_id=1, transaction_id=self.transaction_id, meter_value=[{"timestamp": now(), "sampledValue": values}]
            )
        )

    async def end(self, reason, id_tag=None):
        transaction_id, self.transaction_id = self.transaction_id, None
        await self.ask(
            call.StopTransaction(
                meter_stop=METER_STOP_WH, timestamp=now(), transaction_id=transaction_id, reason=reason, id_tag=id_tag
            )
        )
        await self.report(1, "Available")
        step("stopped", transaction_id=str(transaction_id))

    @on(Action.remote_start_transaction)
    def on_remote_start(self, **request):
        step("command", action="RemoteStartTransaction", request=request)
        return call_result.RemoteStartTransaction(status="Accepted" if self.transaction_id is None else "Rejected")

    @after(Action.remote_start_transaction)
    def after_remote_start(self, id_tag, **_):
        self.chores.create_task(self.begin(id_tag))

    @on(Action.remote_stop_transaction)
    def on_remote_stop(self, transaction_id):
        step("command", action="RemoteStopTransaction", request={"transaction_id": transaction_id})
        return call_result.RemoteStopTransaction(status="Accepted" if transaction_id == self.transaction_id else "Rejected")

    @after(Action.remote_stop_transaction)
    def after_remote_stop(self, transaction_id):
        if transaction_id == self.transaction_id:
            self.chores.create_task(self.end("Remote"))

    @on(Action.get_configuration)
    def on_get_configuration(self, key=None):
        step("command", action="GetConfiguration", request={"key": key})
        wanted = key or list(self.configuration)
        known = [{"key": k, "readonly": False, "value": self.configuration[k]} for k in wanted if k in self.configuration]
        return call_result.GetConfiguration(
            configuration_key=known, unknown_key=[k for k in wanted if k not in self.configuration]
        )

    @on(Action.change_configuration)
    def on_change_configuration(self, key, value):
        step("command", action="ChangeConfiguration", request={"key": key, "value": value})
        if key not in self.configuration:
            return call_result.ChangeConfiguration(status="NotSupported")
        self.configuration[key] = value
        return call_result.ChangeConfiguration(status="Accepted")

    @on(Action.trigger_message)
    def on_trigger_message(self, requested_message, **_):
        step("command", action="TriggerMessage", request={"requested_message": requested_message})
        known = requested_message in ("StatusNotification", "Heartbeat")
        return call_result.TriggerMessage(status="Accepted" if known else "NotImplemented")

    @after(Action.trigger_message)
    def after_trigger_message(self, requested_message, **_):
        self.chores.create_task(self.send_triggered(requested_message))

    async def send_triggered(self, message):
        if message == "StatusNotification":
            await self.report(1, "Available" if self.transaction_id is None else "Charging")
        elif message == "Heartbeat":
            await self.ask(call.Heartbeat())
        else:
            return
        step("triggered", message=message)

    @on(Action.reset)
    def on_reset(self, type):
        step("command", action="Reset", request={"type": type})
        return call_result.Reset(status="Accepted")

    @after(Action.reset)
    def after_reset(self, **_):
        self.reset_asked.set()


if __name__ == "__main__":
    main(Station, "ocpp1.6")
