Overrides: precedence freeze > force > drain, effect at once, an end after 4 h unless told otherwise, and through a
restart.
Rules 4.1, 5.1, 5.4.

== understudy.yaml
listen: 127.0.0.1:5300
zones:
  example.com: {file: example.com.zone}
checks:
  web: {tcp: 80}
records:
  www.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}
  ftp.example.com: {check: web, tiers: [[192.0.2.10], [198.51.100.10]]}

== story
at 10s     drain 192.0.2.10 in www.example.com reason upgrade
at 10s     ask www.example.com A -> 198.51.100.10 ttl 30
at 10s     ask ftp.example.com A -> 192.0.2.10 ttl 30
# a force of the same endpoint goes before the drain
at 20s     force up 192.0.2.10 for 10m reason it is well
at 20s     ask www.example.com A -> 192.0.2.10 ttl 30 because 5.4
at 30s     192.0.2.10 refuses
at 50s     ask www.example.com A -> 192.0.2.10
# nothing is answered beyond the end of the force: 10 minutes after 20 s
at 610s    ask www.example.com A -> 192.0.2.10 ttl 10
at 619s    ask www.example.com A -> 192.0.2.10 ttl 1
at 620s    ask www.example.com A -> 198.51.100.10 ttl 30
at 620s    ask ftp.example.com A -> 198.51.100.10 ttl 30
at 630s    192.0.2.10 up
at 800s    ask ftp.example.com A -> 192.0.2.10
# the drain of www ends 4 h after 10 s
at 14409s  ask www.example.com A -> 198.51.100.10 ttl 1
at 14410s  ask www.example.com A -> 192.0.2.10 ttl 30
# a freeze holds everything, also against a force
at 15000s  freeze for forever reason exam
at 15000s  192.0.2.10 refuses
at 15010s  ask www.example.com A -> 192.0.2.10
at 15010s  force down 192.0.2.10 reason broken
at 15011s  ask www.example.com A -> 192.0.2.10 because 5.1
at 20000s  ask www.example.com A -> 192.0.2.10 because 5.1
at 20000s  restart
at 20000s  ask www.example.com A -> 192.0.2.10 because 5.1
at 30001s  release
at 30001s  ask www.example.com A -> 198.51.100.10
