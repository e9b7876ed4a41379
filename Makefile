# Two commands on a fresh machine: "make run" and "make test". README.md says more.
# ODOO_PORT, PGPORT and DB choose ports and database; PGHOST and ODOO_HOME an existing
# PostgreSQL and Odoo.
.PHONY: help run test lint format translations bench stop reset shell logs update backup restore rotate-keys setup

help:  ## this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' Makefile | expand -t 14
setup:  ## everything that is needed on this machine, nothing started
	@scripts/setup dev
run:  ## the shop with its sample neighbourhood, until Ctrl-C (PAY=sim: with simulated payments)
	@scripts/run
test:  ## lint, addon tests, browser tours, journeys (ADDONS=x,y: the tests of these only)
	@scripts/test
lint:  ## every check that needs no database
	@scripts/lint
format:  ## put Python, XML, JavaScript and SCSS in order
	@scripts/format
translations:  ## renew the addons' .pot files and merge them into their .po files
	@scripts/translations
bench:  ## the benchmark table (BENCH=join,close: these rows only)
	@scripts/bench
stop:  ## stop the server and the checkout's PostgreSQL
	@scripts/serve stop
	@scripts/simulators stop
	@scripts/pg stop
reset:  ## drop the database for good
	@scripts/with-pg scripts/database reset
shell:  ## Odoo's shell on the database
	@scripts/with-pg scripts/odoo shell -d "$${DB:-groupbuy}" --no-http
logs:  ## follow the server's log
	@tail -n 50 -F .run/odoo.log
update:  ## back up, then upgrade the addons in the database (after git pull)
	@scripts/setup
	@scripts/with-pg scripts/database update
backup:  ## the database and its files into .run/backups
	@scripts/with-pg scripts/database backup
restore:  ## FILE=… puts a backup back
	@scripts/with-pg scripts/database restore "$(FILE)"
rotate-keys:  ## encrypt the secrets in the database with a new key
	@scripts/with-pg scripts/secret-keys rotate
