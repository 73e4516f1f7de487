A reload keeps verdicts, holds and answers; applies what changed; and a bad file changes nothing and says so.
Rules 1.3, 5.6, 5.7; a record that goes away is NXDOMAIN again, because it is no longer configured.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}
  old.example.com: {check: web, tiers: [[192.0.2.10]]}

== other.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 8080, interval: 1s, timeout: 500ms, recheck_interval: 250ms, fall: 2, rise: 2}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]], ttl: 7}
  new.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}

== bad.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
records:
  www.example.com: {chek: web, tiers: [[192.0.2.10]]}

== story
at 10s  192.0.2.10 refuses
at 15s  ask www.example.com A -> 198.51.100.10 ttl 30
at 15s  ask old.example.com A -> 192.0.2.10 because as if all were up
at 16s  reload bad.yaml -> refused config
at 16s  ask www.example.com A -> 198.51.100.10 ttl 30
at 16s  alarm configuration
at 17s  reload other.yaml
at 17s  ask www.example.com A -> 198.51.100.10 ttl 7
at 17s  ask new.example.com A -> 198.51.100.10
at 17s  ask old.example.com A -> NXDOMAIN
at 17s  no alarm configuration
at 17s  no alarm record/
at 30s  ask www.example.com A -> 198.51.100.10 ttl 7
at 30s  ask new.example.com A -> 198.51.100.10 ttl 30
