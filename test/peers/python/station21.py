"""An OCPP 2.1 station. Usage: station21.py ENDPOINT IDENTITY PASSWORD GOOD_TOKEN BLOCKED_TOKEN"""

from ocpp.routing import on
from ocpp.v21 import ChargePoint, call, call_result
from ocpp.v21.enums import Action

from peer import main, now, step
from station2 import METER_START_WH, Life, card

POWER = {"component": {"name": "EVSE", "evse": {"id": 1}}, "variable": {"name": "Power"}}


class Station(Life, ChargePoint):
    """Says and asks beside the common life what 2.1 has added."""

    requests = call
    responses = call_result

    def __init__(self, orders, socket, chores):
        super().__init__(orders, socket, chores)
        self.monitors = []

    async def begin(self, reason, id_token, **info):
        await super().begin(reason, id_token, operation_mode="ChargingOnly", **info)

    async def charge_alone(self):
        """Charges on its own, and tells and asks all that a 2.1 station may."""
        await super().charge_alone()
        await self.ask(call.MeterValues(evse_id=1, meter_value=[self.sample(METER_START_WH, "Sample.Clock")]))
        await self.ask(call.NotifyEvent(generated_at=now(), seq_no=0, event_data=[event(1, "Alerting", severity=3)]))
        stream = {"id": 1, "params": {"interval": 60}, "variableMonitoringId": 1}
        answer = await self.ask(call.OpenPeriodicEventStream(constant_stream_data=stream))
        step("asked", what="stream", status=answer.status)
        await self.ask(call.ClosePeriodicEventStream(id=1))
        answer = await self.ask(call.PullDynamicScheduleUpdate(charging_profile_id=1))
        step("asked", what="schedule", status=answer.status)
        answer = await self.ask(call.VatNumberValidation(vat_number="NL000000000B01", evse_id=1))
        step("asked", what="vat number", status=answer.status, evse_id=answer.evse_id)
        await self.inform()

    async def inform(self):
        """Tells what wants no answer but that it was heard."""
        await self.ask(call.NotifyPriorityCharging(transaction_id="none", activated=False))
        await self.ask(call.NotifyDERAlarm(control_type="VoltWatt", timestamp=now(), alarm_ended=True))
        await self.ask(call.NotifyDERStartStop(control_id="1", started=True, timestamp=now()))
        await self.ask(
            call.NotifySettlement(psp_ref="1", settlement_amount=12.5, settlement_time=now(), status="Settled")
        )
        battery = {"evseId": 1, "serialNumber": "1", "soC": 50.0, "soH": 90.0}
        await self.ask(
            call.BatterySwap(
                battery_data=[battery], event_type="BatteryIn", id_token=card(self.orders.good_token), request_id=1
            )
        )

    @on(Action.set_variable_monitoring)
    def on_set_variable_monitoring(self, set_monitoring_data, **_):
        step("command", action="SetVariableMonitoring", request={"set_monitoring_data": set_monitoring_data})
        results = []
        for wanted in set_monitoring_data:
            self.monitors.append(wanted)
            told = {k: wanted[k] for k in ("type", "severity", "component", "variable")}
            results.append({"id": len(self.monitors), "status": "Accepted", **told})
        return call_result.SetVariableMonitoring(set_monitoring_result=results)

    @on(Action.notify_web_payment_started)
    def on_notify_web_payment_started(self, evse_id, timeout, **_):
        step("command", action="NotifyWebPaymentStarted", request={"evse_id": evse_id, "timeout": timeout})
        return call_result.NotifyWebPaymentStarted()


def event(number, trigger, severity):
    """Returns an event about the power of EVSE 1."""
    return {
        "eventId": number, "timestamp": now(), "trigger": trigger, "actualValue": "11000", "severity": severity,
        "eventNotificationType": "HardWiredNotification", **POWER,
    }


if __name__ == "__main__":
    main(Station, "ocpp2.1")
