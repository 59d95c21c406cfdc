"""An OCPP 2.0.1 station. Usage: station201.py ENDPOINT IDENTITY PASSWORD GOOD_TOKEN BLOCKED_TOKEN"""

from ocpp.v201 import ChargePoint, call, call_result

from peer import main
from station2 import Life


class Station(Life, ChargePoint):
    requests = call
    responses = call_result


if __name__ == "__main__":
    main(Station, "ocpp2.0.1")
