Our own faults are never blamed on an endpoint: a check with a bug, a probe that never ends.
Rules 1.2, 1.4.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
  other: {tcp: 81, interval: 1s, timeout: 500ms}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}
  other.example.com: {check: other, tiers: [[192.0.2.10], [198.51.100.10]]}

== story
at 10s  192.0.2.10 buggy by web
at 10s  192.0.2.10 stuck by other
at 15s  ask www.example.com A -> 192.0.2.10 ttl 30
at 15s  alarm monitor/local/inconclusive
at 15s  alarm monitor/local/stuck
at 30s  ask www.example.com A -> 192.0.2.10
at 30s  ask other.example.com A -> 192.0.2.10
at 30s  alarm monitor/local/stale
# the others are probed all the while
at 30s  198.51.100.10 refuses
at 35s  192.0.2.10 up by web
at 40s  ask www.example.com A -> 192.0.2.10 ttl 30
at 40s  no alarm monitor/local/inconclusive
