"""What a central system of OCPP 1.6 answers, and the errands it sends stations on."""

CONNECTOR = 1
DAY_S = 86400


def verdict(token):
    """Every sixteenth card or so is blocked."""
    return {"status": "Blocked" if token.endswith("7") else "Accepted"}


def answers(central):
    """Returns an answer for each action that needs one."""
    day, station = central.day, central.station
    begun = station.found.setdefault("transactions", set())

    def boot(**_):
        station.booted = True
        return {"current_time": day.now(), "interval": 1800, "status": "Accepted"}

    def authorize(id_tag):
        return {"id_tag_info": verdict(id_tag)}

    def start(connector_id, id_tag, **_):
        transaction = next(day.ids)
        station.running[connector_id] = transaction
        begun.add(transaction)
        if verdict(id_tag)["status"] == "Accepted":
            station.tokens.add(id_tag)
        return {"transaction_id": transaction, "id_tag_info": verdict(id_tag)}

    def known(action, transaction_id):
        if transaction_id not in begun:
            day.judge.note(f"{action}: for a transaction that nobody began", transaction_id)

    def sample(transaction_id=None, **_):
        if transaction_id is not None:
            known("MeterValues", transaction_id)
        return {}

    def stop(transaction_id, **_):
        known("StopTransaction", transaction_id)
        station.running = {c: t for c, t in station.running.items() if t != transaction_id}
        return {}

    return {
        "BootNotification": boot,
        "Heartbeat": lambda **_: {"current_time": day.now()},
        "Authorize": authorize,
        "StartTransaction": start,
        "MeterValues": sample,
        "StopTransaction": stop,
        "DataTransfer": lambda **_: {"status": "UnknownVendorId"},
        "SignCertificate": lambda **_: {"status": "Accepted"},
    }


def errands(_version):
    return [
        configuration, local_list, profiles, limit_transaction, remote_start, remote_stop, reservation, availability, unlock,
        trigger, extended_trigger, diagnostics, log, firmware, signed_firmware, certificates, oddments, reset,
    ]


async def configuration(c):
    await c.ask("GetConfiguration")
    await c.ask("GetConfiguration", {"key": ["HeartbeatInterval", "NoSuchKey"]})
    change = "ChangeConfiguration"
    await c.ask(change, {"key": "HeartbeatInterval", "value": str(c.random.choice([900, 1800, 3600]))}, want=["Accepted"])
    await c.ask(change, {"key": "MeterValueSampleInterval", "value": str(c.random.choice([600, 900]))}, want=["Accepted"])
    await c.ask(change, {"key": "ClockAlignedDataInterval", "value": str(c.random.choice([0, 3600]))}, want=["Accepted", "RebootRequired"])
    await c.ask(change, {"key": "HeartbeatInterval", "value": "often"}, want=["Rejected"])
    await c.ask(change, {"key": "NumberOfConnectors", "value": "9"}, want=["Rejected"])
    await c.ask(change, {"key": "NoSuchKey", "value": "1"}, want=["NotSupported"])


async def local_list(c):
    info = {"status": "Accepted", "expiryDate": c.day.now(DAY_S)}
    entries = [{"idTag": token, "idTagInfo": info} for token in sorted(c.station.tokens)[:20]]
    full = {"listVersion": 1, "updateType": "Full", "localAuthorizationList": entries}
    await c.ask("SendLocalList", full, want=["Accepted"])
    more = [{"idTag": "04C0FFEE", "idTagInfo": {"status": "Blocked"}}, {"idTag": "04DECAF0"}]  # the second is taken out
    differential = {"listVersion": 2, "updateType": "Differential", "localAuthorizationList": more}
    await c.ask("SendLocalList", differential, want=["Accepted"])
    got = await c.ask("GetLocalListVersion")
    if got and got.list_version != 2:
        c.day.judge.note("GetLocalListVersion: not the version that was sent", got)


def profile(c, number, purpose, limits, unit="A", **more):
    periods = [{"startPeriod": start, "limit": limit} for start, limit in limits]
    return {
        "chargingProfileId": number, "stackLevel": 0, "chargingProfilePurpose": purpose, "chargingProfileKind": "Absolute",
        "chargingSchedule": {"chargingRateUnit": unit, "startSchedule": c.day.now(-60), "chargingSchedulePeriod": periods}, **more,
    }


async def profiles(c):
    most = profile(c, 1, "ChargePointMaxProfile", [(0, 40.5), (7200, 20)])
    await c.ask("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": most}, want=["Accepted"])
    daily = profile(c, 2, "TxDefaultProfile", [(0, 11000), (28800, 6000.5), (72000, 11000)], "W", recurrencyKind="Daily")
    daily["chargingProfileKind"] = "Recurring"
    await c.ask("SetChargingProfile", {"connectorId": 0, "csChargingProfiles": daily}, want=["Accepted"])
    await c.ask("SetChargingProfile", {"connectorId": CONNECTOR, "csChargingProfiles": most}, want=["Rejected"])
    await c.ask("GetCompositeSchedule", {"connectorId": 0, "duration": DAY_S}, want=["Accepted"])
    for unit in ("A", "W"):
        await c.ask("GetCompositeSchedule", {"connectorId": CONNECTOR, "duration": DAY_S, "chargingRateUnit": unit}, want=["Accepted"])
    await c.ask("GetCompositeSchedule", {"connectorId": 99, "duration": 60}, want=["Rejected"])
    await c.ask("ClearChargingProfile", {"id": 2}, want=["Accepted"])
    await c.ask("ClearChargingProfile", {"id": 2}, want=["Unknown"])
    of_station = {"connectorId": 0, "chargingProfilePurpose": "ChargePointMaxProfile", "stackLevel": 0}
    await c.ask("ClearChargingProfile", of_station, want=["Accepted"])


async def limit_transaction(c):
    for connector, transaction in list(c.station.running.items()):
        limit = profile(c, 10 + connector, "TxProfile", [(0, 16), (1800, 0), (2400, 10)], transactionId=transaction)
        await c.ask("SetChargingProfile", {"connectorId": connector, "csChargingProfiles": limit}, want=["Accepted", "Rejected"])


async def remote_start(c):
    for token in sorted(c.station.tokens)[:1]:
        request = {"idTag": token}
        if c.random.random() < 0.5:
            relative = profile(c, 20, "TxProfile", [(0, 12)])
            relative["chargingProfileKind"] = "Relative"
            del relative["chargingSchedule"]["startSchedule"]
            request |= {"connectorId": CONNECTOR, "chargingProfile": relative}
        await c.ask("RemoteStartTransaction", request, want=["Accepted", "Rejected"])


async def remote_stop(c):
    await c.ask("RemoteStopTransaction", {"transactionId": -5}, want=["Rejected"])
    for transaction in list(c.station.running.values())[:1]:
        await c.ask("RemoteStopTransaction", {"transactionId": transaction}, want=["Accepted", "Rejected"])


async def reservation(c):
    number = next(c.day.ids)
    request = {"connectorId": CONNECTOR, "expiryDate": c.day.now(3600), "idTag": "04C0FFEE", "reservationId": number}
    got = await c.ask("ReserveNow", request, want=["Accepted", "Occupied", "Unavailable", "Faulted"])
    if got and got.status == "Accepted" and c.random.random() < 0.7:  # the others expire
        await c.ask("CancelReservation", {"reservationId": number}, want=["Accepted", "Rejected"])
    await c.ask("CancelReservation", {"reservationId": -1}, want=["Rejected"])


async def availability(c):
    for connector in (CONNECTOR, 0):
        for kind in ("Inoperative", "Operative"):
            await c.ask("ChangeAvailability", {"connectorId": connector, "type": kind}, want=["Accepted", "Scheduled"])
    await c.ask("ChangeAvailability", {"connectorId": 99, "type": "Operative"}, want=["Rejected"])


async def unlock(c):
    await c.ask("UnlockConnector", {"connectorId": CONNECTOR}, want=["Unlocked", "UnlockFailed", "NotSupported"])


async def trigger(c):
    progress = ("DiagnosticsStatusNotification", "FirmwareStatusNotification")
    for message in ("BootNotification", "Heartbeat", "MeterValues", "StatusNotification", *progress):
        await c.ask("TriggerMessage", {"requestedMessage": message}, want=["Accepted", "Rejected", "NotImplemented"])
    await c.ask("TriggerMessage", {"requestedMessage": "MeterValues", "connectorId": CONNECTOR}, want=["Accepted"])


async def extended_trigger(c):
    for message in ("Heartbeat", "LogStatusNotification", "FirmwareStatusNotification", "SignChargePointCertificate"):
        await c.ask("ExtendedTriggerMessage", {"requestedMessage": message}, want=["Accepted", "Rejected", "NotImplemented"])


async def diagnostics(c):
    await c.ask("GetDiagnostics", {"location": "ftp://127.0.0.1/diagnostics", "startTime": c.day.now(-DAY_S), "stopTime": c.day.now()})


async def log(c):
    target = {"remoteLocation": "ftp://127.0.0.1/log", "oldestTimestamp": c.day.now(-DAY_S)}
    request = {"log": target, "logType": "SecurityLog", "requestId": next(c.day.ids)}
    await c.ask("GetLog", request, want=["Accepted", "AcceptedCanceled"])


async def firmware(c):
    await c.ask("UpdateFirmware", {"location": "ftp://127.0.0.1/firmware", "retrieveDate": c.day.now(c.random.choice([0, 1800]))})


async def signed_firmware(c):
    image = {
        "location": "ftp://127.0.0.1/firmware", "retrieveDateTime": c.day.now(c.random.choice([0, 1800])),
        "signingCertificate": c.day.certificate, "signature": "c2lnbmF0dXJl",
    }
    request = {"requestId": next(c.day.ids), "firmware": image}
    await c.ask("SignedUpdateFirmware", request, want=["Accepted", "AcceptedCanceled", "Rejected"])


async def certificates(c):
    kind = "CentralSystemRootCertificate"
    await c.ask("InstallCertificate", {"certificateType": kind, "certificate": c.day.certificate}, want=["Accepted"])
    got = await c.ask("GetInstalledCertificateIds", {"certificateType": kind}, want=["Accepted"])
    for found in (got and got.certificate_hash_data or [])[:1]:
        await c.ask("DeleteCertificate", {"certificateHashData": found}, want=["Accepted"])
    unknown = {"hashAlgorithm": "SHA256", "issuerNameHash": "00", "issuerKeyHash": "00", "serialNumber": "00"}
    await c.ask("DeleteCertificate", {"certificateHashData": unknown}, want=["NotFound"])


async def oddments(c):
    await c.ask("ClearCache", want=["Accepted", "Rejected"])
    greeting = {"vendorId": "org.example", "messageId": "greeting", "data": "hello"}
    await c.ask("DataTransfer", greeting, want=["UnknownVendorId", "UnknownMessageId", "Accepted", "Rejected"])


async def reset(c):
    await c.ask("Reset", {"type": c.random.choice(["Soft", "Hard"])}, want=["Accepted"])
