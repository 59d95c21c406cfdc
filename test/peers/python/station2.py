"""What an OCPP 2.0.1 and a 2.1 station of the package `ocpp` have in common: all but the package's module for the version."""

import asyncio
import uuid

from ocpp.routing import after, on
from ocpp.v201.enums import Action  # 2.1 calls all of these the same

from peer import now, step

METER_START_WH = 1000
METER_SAMPLES_WH = (1500, 2000)
METER_STOP_WH = 2500

EVSE = {"id": 1, "connectorId": 1}


class Life:
    """One EVSE with one connector, one transaction at a time. To be mixed into a version's ChargePoint, whose messages the
    attributes requests and responses hold."""

    def __init__(self, orders, socket, chores):
        super().__init__(orders.identity, socket)
        self.orders = orders
        self.chores = chores
        self.transaction = None
        self.seq_no = 0
        self.reset_asked = asyncio.Event()
        self.variables = {("OCPPCommCtrlr", "HeartbeatInterval"): "300", ("SampledDataCtrlr", "TxUpdatedInterval"): "60"}

    async def ask(self, request):
        """Sends a request; anything but its response is an error."""
        return await self.call(request, suppress=False)

    async def until_reset(self):
        """Boots, charges once on its own, and then does what the server says."""
        await self.boot()
        await self.report("Available")
        await self.ask(self.requests.Heartbeat())
        for token in (self.orders.good_token, self.orders.blocked_token):
            answer = await self.ask(self.requests.Authorize(id_token=card(token)))
            step("authorized", token=token, status=answer.id_token_info["status"])
        await self.charge_alone()
        step("ready")
        await self.reset_asked.wait()

    async def charge_alone(self):
        await self.begin("Authorized", card(self.orders.good_token))
        await self.end("StopAuthorized", "Local", id_token=card(self.orders.good_token))

    async def boot(self):
        answer = await self.ask(
            self.requests.BootNotification(
                reason="PowerUp",
                charging_station={"vendorName": "Python", "model": "ocpp", "serialNumber": "P201", "firmwareVersion": "2.1.0"},
            )
        )
        step("booted", status=answer.status, interval=answer.interval)

    async def report(self, status):
        await self.ask(self.requests.StatusNotification(timestamp=now(), connector_status=status, evse_id=1, connector_id=1))

    async def begin(self, reason, id_token, **info):
        """Starts a transaction and sends its samples."""
        await self.report("Occupied")
        self.transaction, self.seq_no = str(uuid.uuid4()), 0
        answer = await self.event(
            "Started", reason, METER_START_WH, "Transaction.Begin", id_token=id_token, charging_state="Charging", **info
        )
        for energy_wh in METER_SAMPLES_WH:
            await self.event("Updated", "MeterValuePeriodic", energy_wh, "Sample.Periodic", charging_state="Charging")
        step("started", transaction_id=self.transaction, status=answer.id_token_info["status"])

    async def end(self, trigger_reason, stopped_reason, id_token=None):
        await self.event(
            "Ended", trigger_reason, METER_STOP_WH, "Transaction.End", id_token=id_token, stopped_reason=stopped_reason
        )
        await self.report("Available")
        transaction, self.transaction = self.transaction, None
        step("stopped", transaction_id=transaction)

    async def event(self, event_type, trigger_reason, energy_wh, context, id_token=None, **info):
        request = self.requests.TransactionEvent(
            event_type=event_type,
            timestamp=now(),
            trigger_reason=trigger_reason,
            seq_no=self.seq_no,
            transaction_info={"transaction_id": self.transaction, **info},
            meter_value=[self.sample(energy_wh, context)],
            evse=EVSE,
            id_token=id_token,
        )
        self.seq_no += 1
        return await self.ask(request)

    def sample(self, energy_wh, context):
        value = {"value": energy_wh, "context": context, "measurand": "Energy.Active.Import.Register",
                 "unitOfMeasure": {"unit": "Wh"}}
        return {"timestamp": now(), "sampledValue": [value]}

    @on(Action.request_start_transaction)
    def on_request_start(self, **request):
        step("command", action="RequestStartTransaction", request=request)
        return self.responses.RequestStartTransaction(status="Accepted" if self.transaction is None else "Rejected")

    @after(Action.request_start_transaction)
    def after_request_start(self, id_token, remote_start_id, **_):
        self.chores.create_task(self.begin("RemoteStart", id_token, remote_start_id=remote_start_id))

    @on(Action.request_stop_transaction)
    def on_request_stop(self, transaction_id, **_):
        step("command", action="RequestStopTransaction", request={"transaction_id": transaction_id})
        return self.responses.RequestStopTransaction(status="Accepted" if transaction_id == self.transaction else "Rejected")

    @after(Action.request_stop_transaction)
    def after_request_stop(self, transaction_id, **_):
        if transaction_id == self.transaction:
            self.chores.create_task(self.end("RemoteStop", "Remote"))

    @on(Action.get_variables)
    def on_get_variables(self, get_variable_data, **_):
        step("command", action="GetVariables", request={"get_variable_data": get_variable_data})
        return self.responses.GetVariables(get_variable_result=[self.read(wanted) for wanted in get_variable_data])

    def read(self, wanted):
        value = self.variables.get((wanted["component"]["name"], wanted["variable"]["name"]))
        result = {"component": wanted["component"], "variable": wanted["variable"]}
        if value is None:
            return {"attribute_status": "UnknownVariable", **result}
        return {"attribute_status": "Accepted", "attribute_value": value, **result}

    @on(Action.set_variables)
    def on_set_variables(self, set_variable_data, **_):
        step("command", action="SetVariables", request={"set_variable_data": set_variable_data})
        return self.responses.SetVariables(set_variable_result=[self.write(wanted) for wanted in set_variable_data])

    def write(self, wanted):
        name = (wanted["component"]["name"], wanted["variable"]["name"])
        result = {"component": wanted["component"], "variable": wanted["variable"]}
        if name not in self.variables:
            return {"attribute_status": "UnknownVariable", **result}
        self.variables[name] = wanted["attribute_value"]
        return {"attribute_status": "Accepted", **result}

    @on(Action.get_base_report)
    def on_get_base_report(self, report_base, **_):
        step("command", action="GetBaseReport", request={"report_base": report_base})
        return self.responses.GetBaseReport(status="Accepted")

    @after(Action.get_base_report)
    def after_get_base_report(self, request_id, **_):
        self.chores.create_task(self.send_report(request_id))

    async def send_report(self, request_id):
        for seq_no, ((component, variable), value) in enumerate(self.variables.items()):
            entry = {
                "component": {"name": component},
                "variable": {"name": variable},
                "variableAttribute": [{"type": "Actual", "value": value, "mutability": "ReadWrite"}],
            }
            last = seq_no == len(self.variables) - 1
            await self.ask(
                self.requests.NotifyReport(request_id=request_id, generated_at=now(), seq_no=seq_no, tbc=not last, report_data=[entry])
            )
        step("reported", request_id=request_id)

    @on(Action.trigger_message)
    def on_trigger_message(self, requested_message, **_):
        step("command", action="TriggerMessage", request={"requested_message": requested_message})
        known = requested_message in ("StatusNotification", "Heartbeat")
        return self.responses.TriggerMessage(status="Accepted" if known else "NotImplemented")

    @after(Action.trigger_message)
    def after_trigger_message(self, requested_message, **_):
        self.chores.create_task(self.send_triggered(requested_message))

    async def send_triggered(self, message):
        if message == "StatusNotification":
            await self.report("Available" if self.transaction is None else "Occupied")
        elif message == "Heartbeat":
            await self.ask(self.requests.Heartbeat())
        else:
            return
        step("triggered", message=message)

    @on(Action.reset)
    def on_reset(self, type, **_):
        step("command", action="Reset", request={"type": type})
        return self.responses.Reset(status="Accepted")

    @after(Action.reset)
    def after_reset(self, **_):
        self.reset_asked.set()


def card(uid):
    """Returns the IdToken of an RFID card."""
    return {"idToken": uid, "type": "ISO14443"}
