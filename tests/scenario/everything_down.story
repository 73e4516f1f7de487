Everything down, in each of the four ways to answer then, and with a last-resort pool; and what follows the recovery.
Rules 4.4, 4.6, 4.7, 3.4. Fail-open is loud.
"No address" is kept no longer than an address: the zone's own negative TTL is 60.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
pools:
  sorry: [203.0.113.80]
records:
  open.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}
  last.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], on_all_down: last_healthy}
  nodata.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], on_all_down: nodata}
  fail.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], on_all_down: servfail}
  sorry.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], fallback: sorry}

== story
at 10s  192.0.2.10 refuses
at 15s  ask last.example.com A -> 198.51.100.10 ttl 30
at 20s  198.51.100.10 refuses
at 25s  ask open.example.com A -> 192.0.2.10 ttl 30 because as if all were up
at 25s  ask last.example.com A -> 198.51.100.10 ttl 30 because last healthy
at 25s  ask nodata.example.com A -> NODATA ttl 30 because 4.4
at 25s  ask fail.example.com A -> SERVFAIL
at 25s  ask sorry.example.com A -> 203.0.113.80 ttl 30 because 4.4
at 25s  ask open.example.com AAAA -> NODATA
at 25s  alarm record/open.example.com/A
at 25s  alarm record/last.example.com/A
at 25s  alarm record/nodata.example.com/A
at 25s  alarm record/fail.example.com/A
at 25s  alarm record/sorry.example.com/A
# whoever comes back first is answered at once: there is nobody to wait for
at 30s  198.51.100.10 up
at 35s  ask open.example.com A -> 198.51.100.10
at 35s  ask last.example.com A -> 198.51.100.10
at 35s  ask nodata.example.com A -> 198.51.100.10
at 35s  ask fail.example.com A -> 198.51.100.10
at 35s  ask sorry.example.com A -> 198.51.100.10
at 35s  no alarm record/
