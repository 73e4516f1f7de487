A restart answers at once what was answered last, whether the server left in order or was killed, after a moment or a
day; and holds go on where they were.
Rule 1.5.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}

== story
at 10s     192.0.2.10 refuses
at 15s     restart
at 15s     ask www.example.com A -> 198.51.100.10 ttl 30
at 20s     kill
at 20s     ask www.example.com A -> 198.51.100.10 ttl 30
at 30s     restart and wait 1d
at 86430s  ask www.example.com A -> 198.51.100.10
at 86435s  ask www.example.com A -> 198.51.100.10 ttl 30
at 86440s  192.0.2.10 up
at 86445s  kill
at 86445s  ask www.example.com A -> 198.51.100.10
# the fall of a day ago lengthens nothing: 60 s after the recovery
at 86490s  ask www.example.com A -> 198.51.100.10
at 86505s  ask www.example.com A -> 192.0.2.10 ttl 30
