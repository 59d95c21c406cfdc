"""What a central system of OCPP 2.0.1 and 2.1 answers, and the errands it sends stations on."""

from errands16 import DAY_S, verdict

EVSE = 1
REPORTS = ("NotifyReport", "NotifyMonitoringReport", "ReportChargingProfiles", "NotifyDisplayMessages", "NotifyCustomerInformation")


def answers(central):
    """Returns an answer for each action that needs one."""
    day, station = central.day, central.station

    def boot(**_):
        station.booted = True
        return {"current_time": day.now(), "interval": 1800, "status": "Accepted"}

    def transaction(event_type, transaction_info, seq_no, evse=None, id_token=None, **_):
        number = transaction_info["transaction_id"]
        central.check_order("TransactionEvent", number, seq_no)
        if event_type == "Ended":
            station.running = {e: t for e, t in station.running.items() if t != number}
        elif evse:
            station.running[evse["id"]] = number
        if not id_token:
            return {}
        info = verdict(id_token["id_token"])
        if info["status"] == "Accepted":
            station.tokens.add((id_token["id_token"], id_token["type"]))
        return {"id_token_info": info}

    def report(action):
        """Answers a part of a report that was asked for, and keeps the monitors it tells of."""

        def note(request_id, seq_no=None, monitor=(), **_):
            if request_id not in station.asked:
                day.judge.note(f"{action}: not asked for", request_id)
            if seq_no is not None:
                central.check_order(action, (action, request_id), seq_no)
            station.found["monitors"] = [*station.found.get("monitors", []), *monitor][-50:]
            return {}

        return note

    return {
        "BootNotification": boot,
        "Heartbeat": lambda **_: {"current_time": day.now()},
        "Authorize": lambda id_token, **_: {"id_token_info": verdict(id_token["id_token"])},
        "TransactionEvent": transaction,
        **{action: report(action) for action in REPORTS},
        "DataTransfer": lambda **_: {"status": "UnknownVendorId"},
        "SignCertificate": lambda **_: {"status": "Accepted"},
        "PullDynamicScheduleUpdate": lambda **_: {"status": "Accepted", "schedule_update": {"limit": 11.5}},
    }


def errands(version):
    both = [
        variables, reports, monitors, local_list, profiles, installed_profiles, limit_transaction, remote_start, remote_stop,
        transaction_status, reservation, availability, unlock, trigger, logs, firmware, certificates, display, customer,
        network, oddments, reset,
    ]
    return both + [dynamic_profile, priority, what_it_cannot] if version == "2.1" else both


def variable(component, name, **more):
    return {"component": {"name": component}, "variable": {"name": name}, **more}


async def each_status(c, action, payload, results, want):
    """Sends a command that is answered item by item, and checks the status of each."""
    got = await c.ask(action, payload)
    for item, expected in zip(getattr(got, results) if got else [], want, strict=bool(got)):
        status = item.get("attribute_status") or item.get("status")
        c.day.sent[action][status] += 1
        if status != expected:
            c.day.judge.note(f"{action}: got {status}, want {expected}", item)


async def variables(c):
    writes = [
        variable("OCPPCommCtrlr", "HeartbeatInterval", attributeValue=str(c.random.choice([900, 1800, 3600]))),
        variable("SampledDataCtrlr", "TxUpdatedInterval", attributeValue=str(c.random.choice([600, 900]))),
        variable("OCPPCommCtrlr", "HeartbeatInterval", attributeValue="often"),
        variable("NoSuchCtrlr", "HeartbeatInterval", attributeValue="1"),
        variable("OCPPCommCtrlr", "NoSuchVariable", attributeValue="1"),
    ]
    want = ["Accepted", "Accepted", "Rejected", "UnknownComponent", "UnknownVariable"]
    await each_status(c, "SetVariables", {"setVariableData": writes}, "set_variable_result", want)
    reads = [
        variable("OCPPCommCtrlr", "HeartbeatInterval"), variable("SecurityCtrlr", "BasicAuthPassword"),
        variable("NoSuchCtrlr", "HeartbeatInterval"), variable("OCPPCommCtrlr", "NoSuchVariable"),
    ]
    want = ["Accepted", "Rejected", "UnknownComponent", "UnknownVariable"]
    await each_status(c, "GetVariables", {"getVariableData": reads}, "get_variable_result", want)


async def reports(c):
    base = c.random.choice(["FullInventory", "ConfigurationInventory", "SummaryInventory"])
    await c.ask("GetBaseReport", {"requestId": next(c.day.ids), "reportBase": base}, want=["Accepted", "EmptyResultSet", "NotSupported"])
    named = {"requestId": next(c.day.ids), "componentVariable": [{"component": {"name": "OCPPCommCtrlr"}}]}
    await c.ask("GetReport", named, want=["Accepted"])
    unknown = {"requestId": next(c.day.ids), "componentVariable": [{"component": {"name": "NoSuchCtrlr"}}]}
    await c.ask("GetReport", unknown, want=["EmptyResultSet"])
    problems = {"requestId": next(c.day.ids), "componentCriteria": ["Problem"]}
    await c.ask("GetReport", problems, want=["Accepted", "EmptyResultSet", "NotSupported"])


async def monitors(c):
    await c.ask("SetMonitoringBase", {"monitoringBase": c.random.choice(["All", "FactoryDefault"])}, want=["Accepted", "NotSupported"])
    await c.ask("SetMonitoringLevel", {"severity": 9}, want=["Accepted"])
    at = {"component": {"name": "EVSE", "evse": {"id": EVSE}}, "variable": {"name": "Power"}}
    data = [
        {"value": 600, "type": "Periodic", "severity": 8, **at},
        {"value": 1000, "type": "UpperThreshold", "severity": 5, **at},
        {"value": 500, "type": "Delta", "severity": 9, **at},
        {"value": 1, "type": "Delta", "severity": 9, **variable("NoSuchCtrlr", "Power")},
    ]
    got = await c.ask("SetVariableMonitoring", {"setMonitoringData": data})
    numbers = [item["id"] for item in (got.set_monitoring_result if got else []) if item["status"] == "Accepted"]
    if got:
        c.day.sent["SetVariableMonitoring"]["Accepted"] += len(numbers)
        if got.set_monitoring_result[-1]["status"] != "UnknownComponent":
            c.day.judge.note("SetVariableMonitoring: want UnknownComponent", got.set_monitoring_result[-1])
    await c.ask("GetMonitoringReport", {"requestId": next(c.day.ids)}, want=["Accepted", "EmptyResultSet"])
    if numbers and c.random.random() < 0.5:  # the others stay for a while
        await c.ask("ClearVariableMonitoring", {"id": [*numbers, 987654]})
    stale = [m["id"] for item in c.station.found.pop("monitors", []) for m in item["variable_monitoring"]]
    if stale:
        await c.ask("ClearVariableMonitoring", {"id": sorted(set(stale))[:20]})


def token(identifier, kind="ISO14443"):
    return {"idToken": identifier, "type": kind}


async def local_list(c):
    entries = [{"idToken": token(*shown), "idTokenInfo": {"status": "Accepted"}} for shown in sorted(c.station.tokens)[:20]]
    full = {"versionNumber": 1, "updateType": "Full"}
    await c.ask("SendLocalList", full | ({"localAuthorizationList": entries} if entries else {}), want=["Accepted"])
    more = [{"idToken": token("04C0FFEE"), "idTokenInfo": {"status": "Blocked"}}, {"idToken": token("04DECAF0")}]
    await c.ask("SendLocalList", {"versionNumber": 2, "updateType": "Differential", "localAuthorizationList": more}, want=["Accepted"])
    got = await c.ask("GetLocalListVersion")
    if got and got.version_number != 2:
        c.day.judge.note("GetLocalListVersion: not the version that was sent", got)


def profile(c, number, purpose, limits, unit="A", **more):
    periods = [{"startPeriod": start, "limit": limit} for start, limit in limits]
    schedule = {"id": 1, "chargingRateUnit": unit, "startSchedule": c.day.now(-60), "chargingSchedulePeriod": periods}
    return {
        "id": number, "stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": "Absolute",
        "chargingSchedule": [schedule], **more,
    }


def relative(profile):
    profile["chargingProfileKind"] = "Relative"
    del profile["chargingSchedule"][0]["startSchedule"]
    return profile


async def set_profile(c, evse, charging_profile, *want):
    return await c.ask("SetChargingProfile", {"evseId": evse, "chargingProfile": charging_profile}, want=want or ["Accepted"])


async def profiles(c):
    await set_profile(c, 0, profile(c, 1, "ChargingStationMaxProfile", [(0, 40.5), (7200, 20)]))
    daily = profile(c, 2, "TxDefaultProfile", [(0, 11000), (28800, 6000.5), (72000, 11000)], "W", recurrencyKind="Daily")
    daily["chargingProfileKind"] = "Recurring"
    await set_profile(c, 0, daily)
    await set_profile(c, 0, profile(c, 3, "TxDefaultProfile", [(0, 9)]), "Rejected")
    await set_profile(c, 99, profile(c, 4, "TxDefaultProfile", [(0, 9)]), "Rejected")
    for unit in ("A", "W"):
        for evse in (0, EVSE):
            await c.ask("GetCompositeSchedule", {"evseId": evse, "duration": DAY_S, "chargingRateUnit": unit}, want=["Accepted"])
    await c.ask("GetCompositeSchedule", {"evseId": 99, "duration": 60}, want=["Rejected"])
    await installed_profiles(c)
    await c.ask("ClearChargingProfile", {"chargingProfileId": 2}, want=["Accepted"])
    await c.ask("ClearChargingProfile", {"chargingProfileId": 2}, want=["Unknown"])
    of_station = {"chargingProfileCriteria": {"evseId": 0, "chargingProfilePurpose": "ChargingStationMaxProfile", "stackLevel": 0}}
    await c.ask("ClearChargingProfile", of_station, want=["Accepted"])


async def installed_profiles(c):
    for criterion in ({"stackLevel": 0}, {"chargingProfileId": [1, 2]}, {"chargingLimitSource": ["CSO"]}):
        request = {"requestId": next(c.day.ids), "chargingProfile": criterion}
        await c.ask("GetChargingProfiles", request, want=["Accepted", "NoProfiles"])


async def limit_transaction(c):
    await set_profile(c, EVSE, profile(c, 9, "TxProfile", [(0, 16)], transactionId="no-such-transaction"), "Rejected")
    for evse, transaction in list(c.station.running.items()):
        limit = profile(c, 10 + evse, "TxProfile", [(0, 16), (1800, 0), (2400, 10)], transactionId=transaction)
        await set_profile(c, evse, limit, "Accepted", "Rejected")


async def remote_start(c):
    for shown in sorted(c.station.tokens)[:1]:
        request = {"idToken": token(*shown), "remoteStartId": next(c.day.ids)}
        if c.random.random() < 0.5:
            request |= {"evseId": EVSE, "chargingProfile": relative(profile(c, 20, "TxProfile", [(0, 12)]))}
        await c.ask("RequestStartTransaction", request, want=["Accepted", "Rejected"])


async def remote_stop(c):
    await c.ask("RequestStopTransaction", {"transactionId": "no-such-transaction"}, want=["Rejected"])
    for transaction in list(c.station.running.values())[:1]:
        await c.ask("RequestStopTransaction", {"transactionId": transaction}, want=["Accepted", "Rejected"])


async def transaction_status(c):
    await c.ask("GetTransactionStatus")
    await c.ask("GetTransactionStatus", {"transactionId": "no-such-transaction"})
    for transaction in list(c.station.running.values())[:1]:
        await c.ask("GetTransactionStatus", {"transactionId": transaction})


async def reservation(c):
    number = next(c.day.ids)
    request = {"id": number, "expiryDateTime": c.day.now(3600), "idToken": token("04C0FFEE"), "evseId": EVSE}
    got = await c.ask("ReserveNow", request, want=["Accepted", "Occupied", "Unavailable", "Faulted"])
    if got and got.status == "Accepted" and c.random.random() < 0.7:  # the others expire
        await c.ask("CancelReservation", {"reservationId": number}, want=["Accepted", "Rejected"])
    await c.ask("CancelReservation", {"reservationId": 987654}, want=["Rejected"])


async def availability(c):
    for where in ({"evse": {"id": EVSE}}, {"evse": {"id": EVSE, "connectorId": 1}}, {}):
        for status in ("Inoperative", "Operative"):
            await c.ask("ChangeAvailability", {"operationalStatus": status, **where}, want=["Accepted", "Scheduled"])
    await c.ask("ChangeAvailability", {"operationalStatus": "Operative", "evse": {"id": 99}}, want=["Rejected"])


async def unlock(c):
    where = {"evseId": EVSE, "connectorId": 1}
    await c.ask("UnlockConnector", where, want=["Unlocked", "UnlockFailed", "OngoingAuthorizedTransaction"])
    await c.ask("UnlockConnector", {"evseId": 99, "connectorId": 1}, want=["UnknownConnector"])


async def trigger(c):
    plain = ["Heartbeat", "BootNotification", "MeterValues", "LogStatusNotification", "FirmwareStatusNotification"]
    for message in [*plain, "TransactionEvent", "SignChargingStationCertificate", "PublishFirmwareStatusNotification"]:
        await c.ask("TriggerMessage", {"requestedMessage": message}, want=["Accepted", "Rejected", "NotImplemented"])
    status = {"requestedMessage": "StatusNotification", "evse": {"id": EVSE, "connectorId": 1}}
    await c.ask("TriggerMessage", status, want=["Accepted"])


async def logs(c):
    for kind in ("DiagnosticsLog", "SecurityLog"):
        target = {"remoteLocation": "ftp://127.0.0.1/log", "oldestTimestamp": c.day.now(-DAY_S)}
        await c.ask("GetLog", {"log": target, "logType": kind, "requestId": next(c.day.ids)}, want=["Accepted", "AcceptedCanceled"])


async def firmware(c):
    image = {"location": "ftp://127.0.0.1/firmware", "retrieveDateTime": c.day.now(c.random.choice([0, 1800]))}
    await c.ask("UpdateFirmware", {"requestId": next(c.day.ids), "firmware": image}, want=["Accepted", "AcceptedCanceled", "Rejected"])


async def certificates(c):
    kind = "CSMSRootCertificate"
    await c.ask("InstallCertificate", {"certificateType": kind, "certificate": c.day.certificate}, want=["Accepted"])
    got = await c.ask("GetInstalledCertificateIds", {"certificateType": [kind]}, want=["Accepted"])
    for chain in (got and got.certificate_hash_data_chain or [])[:1]:
        await c.ask("DeleteCertificate", {"certificateHashData": chain["certificate_hash_data"]}, want=["Accepted"])
    unknown = {"hashAlgorithm": "SHA256", "issuerNameHash": "00", "issuerKeyHash": "00", "serialNumber": "00"}
    await c.ask("DeleteCertificate", {"certificateHashData": unknown}, want=["NotFound"])


async def display(c):
    number = next(c.day.ids)
    message = {"id": number, "priority": "NormalCycle", "message": {"format": "UTF8", "content": "Good morning"}}
    got = await c.ask("SetDisplayMessage", {"message": message}, may_refuse=True)
    if got and got.status == "Accepted":
        await c.ask("GetDisplayMessages", {"requestId": next(c.day.ids)}, want=["Accepted", "Unknown"])
        await c.ask("ClearDisplayMessage", {"id": number}, want=["Accepted"])
    await c.ask("ClearDisplayMessage", {"id": 987654}, want=["Unknown"], may_refuse=True)


async def customer(c):
    request = {"requestId": next(c.day.ids), "report": True, "clear": False, "customerIdentifier": "nobody"}
    await c.ask("CustomerInformation", request, want=["Accepted", "Rejected", "Invalid"], may_refuse=True)
    for transaction in list(c.station.running.values())[:1]:
        await c.ask("CostUpdated", {"totalCost": 1.23, "transactionId": transaction}, may_refuse=True)


async def network(c):
    connection = {
        "ocppInterface": "Wired0", "ocppTransport": "JSON", "messageTimeout": 30, "ocppCsmsUrl": "wss://127.0.0.1/ocpp",
        "securityProfile": 2,
    }
    if c.day.version == "2.0.1":
        connection["ocppVersion"] = "OCPP20"
    request = {"configurationSlot": 2, "connectionData": connection}
    await c.ask("SetNetworkProfile", request, want=["Accepted", "Rejected", "Failed"], may_refuse=True)


async def oddments(c):
    await c.ask("ClearCache", want=["Accepted", "Rejected"])
    greeting = {"vendorId": "org.example", "messageId": "greeting", "data": "hello"}
    await c.ask("DataTransfer", greeting, want=["UnknownVendorId", "UnknownMessageId", "Accepted", "Rejected"])
    request = {"requestId": next(c.day.ids), "location": "ftp://127.0.0.1/firmware", "checksum": "00"}
    await c.ask("PublishFirmware", request, may_refuse=True)


async def reset(c):
    request = {"type": c.random.choice(["Immediate", "OnIdle"])}
    if c.random.random() < 0.3:
        request["evseId"] = EVSE
    await c.ask("Reset", request, want=["Accepted", "Scheduled", "Rejected"])


async def dynamic_profile(c):
    dynamic = profile(c, 30, "TxDefaultProfile", [(0, 14)], stackLevel=3, dynUpdateInterval=1800)
    dynamic["chargingProfileKind"] = "Dynamic"
    del dynamic["chargingSchedule"][0]["startSchedule"]
    await set_profile(c, EVSE, dynamic)
    update = {"chargingProfileId": 30, "scheduleUpdate": {"limit": 12.5}}
    await c.ask("UpdateDynamicSchedule", update, want=["Accepted"])
    await c.ask("UpdateDynamicSchedule", {"chargingProfileId": 987654, "scheduleUpdate": {"limit": 12.5}}, want=["Rejected"])


async def priority(c):
    await set_profile(c, 0, profile(c, 40, "PriorityCharging", [(0, 32)]))
    await c.ask("UsePriorityCharging", {"transactionId": "no-such-transaction", "activate": True}, want=["Rejected"])
    for transaction in list(c.station.running.values())[:1]:
        for activate in (True, False):
            request = {"transactionId": transaction, "activate": activate}
            await c.ask("UsePriorityCharging", request, want=["Accepted", "Rejected"])
    discharging = profile(c, 41, "TxDefaultProfile", [(0, 10)], stackLevel=5)
    period = discharging["chargingSchedule"][0]["chargingSchedulePeriod"][0]
    period |= {"dischargeLimit": -10, "operationMode": "CentralSetpoint", "setpoint": -5}
    await set_profile(c, EVSE, discharging, "Rejected")


async def what_it_cannot(c):
    """Commands of 2.1 that a plain station may do without."""
    await c.ask("GetTariffs", {"evseId": 0}, may_refuse=True)
    await c.ask("GetDERControl", {"requestId": next(c.day.ids)}, may_refuse=True)
    await c.ask("GetPeriodicEventStream", may_refuse=True)
