A hold never causes an outage: when the backup fails too, a primary that is up but waiting answers at once.
Rule 3.4.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}

== story
at 10s  192.0.2.10 refuses
at 20s  192.0.2.10 up
at 30s  ask www.example.com A -> 198.51.100.10
at 30s  198.51.100.10 refuses
at 33s  ask www.example.com A -> 192.0.2.10 because 3.4
at 33s  no alarm record/
# what answers already is not shortened by the end of its hold, some 120 s after 21 s
at 130s ask www.example.com A -> 192.0.2.10 ttl 30
at 150s ask www.example.com A -> 192.0.2.10 ttl 30
