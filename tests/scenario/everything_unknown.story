Everything unknown from the first start on, because this host has no route: unknown is eligible, briefly, and never
blamed on anybody. When probes can tell, the record's own TTL comes back.
Rules 1.2, 1.6, 2.2, 4.7.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}

== story
at 0s    192.0.2.10 unreachable
at 0s    198.51.100.10 unreachable
at 0s    ask www.example.com A -> 192.0.2.10 ttl 5 because 2.2
at 5s    ask www.example.com A -> 192.0.2.10 ttl 5
at 5s    alarm monitor/local/inconclusive
at 1h    ask www.example.com A -> 192.0.2.10 ttl 5
at 1h    alarm monitor/local/stale
at 1h    no alarm record/
at 3600s 192.0.2.10 up
at 3600s 198.51.100.10 up
at 3605s ask www.example.com A -> 192.0.2.10 ttl 30
at 3605s no alarm monitor/
