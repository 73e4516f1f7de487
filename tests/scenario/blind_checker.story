A checker that goes blind after it knew: the last health is held in both directions, and an alarm says so.
Rules 1.2, 1.4, 2.3.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}

== story
at 10s   192.0.2.10 refuses
at 15s   ask www.example.com A -> 198.51.100.10 ttl 30
at 20s   192.0.2.10 unreachable
at 20s   198.51.100.10 unreachable
at 25s   alarm monitor/local/inconclusive
at 25s   no alarm monitor/local/stale
at 35s   alarm monitor/local/stale
at 35s   alarm held
at 35s   ask www.example.com A -> 198.51.100.10
at 1h    ask www.example.com A -> 198.51.100.10
at 3601s 192.0.2.10 up
at 3601s 198.51.100.10 up
at 3605s no alarm monitor/
at 3605s no alarm held
