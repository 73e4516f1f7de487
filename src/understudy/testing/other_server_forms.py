"""How the configurations of BIND, NSD, Knot, PowerDNS and Unbound are written.

Each zone comes from a master file, or from a primary on loopback with its copy in that file. A zone with peers may be
fetched and updated from loopback; where there is a key, only with that.
"""

from __future__ import annotations

from understudy.model.frozen import frozen


@frozen
class Form:
    """What is written once, for each zone, and for what only some have. `more` of a zone is how it is exchanged.

    `secondary`: a zone from a primary; empty: as `zone`.
    `who`: whose transfers and messages are taken; `signed`: what follows an address. Both without a key and with one.
    """

    server: str
    zone: str
    fetches: str
    hands_on: str
    tells: str
    key: str
    cookie: str
    secondary: str = ""
    without_cookie: str = ""
    who: tuple[str, str] = ("", "")
    signed: tuple[str, str] = ("", "")


BIND = Form(
    server="""\
options {{
  directory "{folder}"; listen-on port {port} {{ {address}; }}; listen-on-v6 {{ none; }};
  pid-file none; session-keyfile none; lock-file none; managed-keys-directory "{folder}";
  recursion no; notify no; minimal-responses no-auth; dnssec-validation no; allow-transfer {{ none; }};
  zero-no-soa-ttl no; check-names master ignore; empty-zones-enable no;
  max-records-per-type 0; max-types-per-name 0; min-refresh-time 1; min-retry-time 1;
  version "{identity}"; hostname "{identity}"; server-id "{identity}"; {cookie}
  edns-udp-size {udp_size}; max-udp-size {udp_size};
}};
controls {{ }};
{key}
{zones}
""",
    zone='zone "{zone}" {{ type primary; file "{file}"; check-names ignore; check-integrity no; {more} }};\n',
    secondary='zone "{zone}" {{ type secondary; file "{file}"; masterfile-format text; {more} }};\n',
    fetches="primaries {{ 127.0.0.1 port {primary}{signed}; }}; allow-notify {{ {who}; }};"
    " allow-transfer {{ {who}; }};",
    hands_on="allow-transfer {{ {who}; }}; allow-update {{ {who}; }}; notify explicit; also-notify {{ {tells} }};",
    tells="127.0.0.1 port {port}{signed}; ",
    key='key {name} {{ algorithm {algorithm}; secret "{secret}"; }};',
    cookie='answer-cookie yes; cookie-algorithm siphash24; cookie-secret "{secret}";',
    without_cookie="answer-cookie no;",
    who=("127.0.0.1", "key {name}"),
    signed=("", " key {name}"),
)

NSD = Form(
    server="""\
server:
  ip-address: {address}@{port}
  username: ""
  chroot: ""
  zonesdir: "{folder}"
  database: ""
  pidfile: ""
  zonelistfile: "{folder}/zone.list"
  xfrdfile: "{folder}/xfrd.state"
  xfrdir: "{folder}"
  xfrd-reload-timeout: 0
  server-count: {threads}
  rrl-ratelimit: 0
  minimal-responses: yes
  identity: "{identity}"
  version: "{identity}"
  nsid: "ascii_{identity}"
  ipv4-edns-size: {udp_size}
  {cookie}
remote-control:
  control-enable: no
{key}
{zones}
""",
    zone='zone:\n  name: "{zone}"\n  zonefile: "{file}"\n{more}',
    fetches="  request-xfr: 127.0.0.1@{primary} {signed}\n  allow-notify: 127.0.0.1 {signed}\n",
    hands_on="  provide-xfr: 127.0.0.1 {signed}\n{tells}",
    tells="  notify: 127.0.0.1@{port} {signed}\n",
    key="key:\n  name: {name}\n  algorithm: {algorithm}\n  secret: {secret}",
    cookie="answer-cookie: yes\n  cookie-secret: {secret}",
    signed=("NOKEY", "{name}"),
)

KNOT = Form(
    server="""\
server:
  rundir: "{folder}"
  listen: {address}@{port}
  udp-workers: {threads}
  tcp-workers: 1
  identity: "{identity}"
  version: "{identity}"
  nsid: "{identity}"
  udp-max-payload: {udp_size}
database:
  storage: "{folder}"
log:
  - target: stderr
    any: warning
{key}
remote:
  - id: primary
    address: 127.0.0.1@{primary}
    {signed}
{tells}
acl:
  - id: peer
    address: 127.0.0.1
    action: [transfer, update, notify]
    {signed}
{cookie}
zone:
{zones}
""",
    zone='  - domain: {zone}\n    file: "{file}"\n    semantic-checks: soft\n{more}',
    secondary='  - domain: {zone}\n    file: "{file}"\n{more}',
    fetches="    acl: peer\n    master: primary\n",
    hands_on="""\
    acl: peer
    {notify}
    zonefile-load: difference-no-serial
    journal-content: all
""",
    tells="  - id: to-{port}\n    address: 127.0.0.1@{port}\n    {signed}\n",
    key="key:\n  - id: {name}\n    algorithm: {algorithm}\n    secret: {secret}",
    cookie="""\
mod-cookies:
  - id: default
    secret: 0x{secret}
template:
  - id: default
    global-module: mod-cookies/default
""",
    signed=("", "key: {name}"),
)

KNOT_BESIDE = """\
server:
  rundir: "{folder}"
  listen: {address}@{port}
  tcp-workers: 1
  udp-workers: 1
database:
  storage: "{folder}"
log:
  - target: stderr
    any: info
remote:
  - id: peer
    address: 127.0.0.1@{peer}
acl:
  - id: peer
    address: 127.0.0.1
    action: [transfer, notify]
template:
  - id: default
    storage: "{folder}"
    file: "%s.zone"
    acl: peer
  - id: member
    storage: "{folder}"
    acl: peer
    master: peer
zone:
{zones}
"""
"""Knot with one peer on loopback, for tests that write what its zones are; `member` is for those of a catalog."""

POWERDNS = """\
launch=gsqlite3
gsqlite3-database={folder}/zones.sqlite3
local-address={address}
local-port={port}
socket-dir={folder}
receiver-threads={threads}
primary={is_primary}
secondary={is_secondary}
xfr-cycle-interval=1
also-notify={tells}
only-notify=
dnsupdate={is_primary}
allow-axfr-ips={may_fetch}
default-soa-edit=
cache-ttl=0
query-cache-ttl=0
negquery-cache-ttl=0
zone-cache-refresh-interval=0
udp-truncation-threshold={udp_size}
security-poll-suffix=
daemon=no
guardian=no
loglevel=5
"""
POWERDNS_SECONDARY = "INSERT INTO domains (name, type, master) VALUES (?, 'SLAVE', ?)"
POWERDNS_PRIMARY = "UPDATE domains SET type = 'MASTER'"
POWERDNS_KEY = "INSERT INTO tsigkeys (name, algorithm, secret) VALUES (?, ?, ?)"
POWERDNS_WORD = "INSERT INTO domainmetadata (domain_id, kind, content) SELECT id, ?, ? FROM domains"

UNBOUND_HEAD = """\
server:
  interface: {address}@{port}
  do-daemonize: no
  use-syslog: no
  logfile: ""
  pidfile: ""
  chroot: ""
  username: ""
  directory: "{folder}"
  num-threads: 1
"""
UNBOUND = f"""\
{UNBOUND_HEAD}\
  access-control: 127.0.0.0/8 allow
  do-not-query-localhost: no
  module-config: "iterator"
  qname-minimisation: yes
  rrset-roundrobin: no
remote-control:
  control-enable: no
stub-zone:
  name: "{{zone}}"
  stub-addr: {{address}}@{{upstream}}
"""
