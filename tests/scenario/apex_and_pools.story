A record at the apex, beside the zone's own data; a pool shared by records, and drained as a whole; a host name as the
last resort.
Rules 4.1, 4.4, 4.5.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
pools:
  near: [192.0.2.10, 192.0.2.11]
  far: [198.51.100.10]
records:
  example.com: {check: web, tiers: [near, far]}
  www.example.com: {check: web, tiers: [near, far]}
  host.example.com: {check: web, tiers: [[192.0.2.10], [standby.example.net]]}

== story
at 5s   ask example.com A -> 192.0.2.10, 192.0.2.11 ttl 30
at 5s   ask example.com NS -> ns1.example.com ttl 300
at 5s   ask host.example.com A -> 192.0.2.10 ttl 30
at 10s  drain near for 10m reason new cooling
at 10s  ask example.com A -> 198.51.100.10 ttl 30
at 10s  ask www.example.com A -> 198.51.100.10 ttl 30
at 10s  ask host.example.com A -> 192.0.2.10
at 20s  192.0.2.10 refuses
at 25s  ask host.example.com A -> standby.example.net ttl 30
at 25s  ask host.example.com CNAME -> standby.example.net ttl 30
at 25s  ask host.example.com AAAA -> standby.example.net ttl 30
at 25s  ask www.example.com A -> 198.51.100.10
at 600s ask www.example.com A -> 198.51.100.10 ttl 10
at 610s ask www.example.com A -> 192.0.2.11 ttl 30
