"""Many zones at once from primaries of every make, signed: several questions on each connection."""

import base64
from collections.abc import Callable
from pathlib import Path

import pytest

from understudy.engine import Gathering, SerialSurvey, TsigKey, Zone
from understudy.testing.other_servers import CORP_KEY, OtherServer, Peers, Place, bind, knot, nsd, powerdns
from understudy.testing.ports import free_port

COUNT = 30  # BIND gives ten away at a time
LARGE = 3000
HEAD = "$TTL 300\n@ SOA ns hostmaster 7 3600 600 86400 60\n@ NS ns\nns A 192.0.2.53\n"


def records(zone: Zone) -> set[tuple[str, int, tuple[bytes, ...]]]:
    return {(owner, rtype, tuple(sorted(rdatas))) for owner, rtype, _, rdatas in zone.rrsets()}


@pytest.mark.parametrize("make", [bind, nsd, knot, powerdns])
def test_all_zones_and_their_serials_come_from_a_primary_of_another_make(
    tmp_path: Path, make: Callable[[Place, dict[str, Path], Peers], OtherServer]
) -> None:
    files = {f"zone{number}.example": tmp_path / f"zone{number}" for number in range(COUNT)}
    for number, file in enumerate(files.values()):
        hosts = LARGE if number == 1 else number
        file.write_text(HEAD + "".join(f"host{host} A 192.0.2.{host % 250}\n" for host in range(hosts)))
    place = Place(tmp_path / "primary", free_port(), next(iter(files)))
    place.folder.mkdir()
    key = TsigKey(f"{CORP_KEY.name}.", CORP_KEY.algorithm, base64.b64decode(CORP_KEY.secret))
    origins = [f"{origin}." for origin in files]
    found: dict[str, Zone] = {}
    serials: dict[str, int | str] = {}
    with make(place, files, Peers(key=CORP_KEY)):
        address = f"127.0.0.1:{place.port}"
        gathering = Gathering(address, origins, first_id=7, limit_octets=1 << 24, key=key, patience_s=30.0)
        while (some := gathering.take(1.0)) is not None:
            found |= {origins[at]: zone for at, zone in some if isinstance(zone, Zone)}
        survey = SerialSurvey(address, origins, first_id=7, key=key, patience_s=30.0)
        while (told := survey.take(1.0)) is not None:
            serials |= {origins[at]: each if isinstance(each, str) else each[0] for at, each in told}
    assert serials == dict.fromkeys(origins, 7)
    assert set(found) == set(origins)
    for origin, file in files.items():
        assert records(found[f"{origin}."]) == records(Zone.load(f"{origin}.", str(file)))
