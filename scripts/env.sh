# Where everything of this checkout lives, and which ports and database it uses; sourced
# by the other scripts (and by hand: `. scripts/env.sh` lets psql and createdb work).
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export DB=${DB:-groupbuy} ODOO_PORT=${ODOO_PORT:-8069}
venv=$here/.venv run=$here/.run pgdata=$here/.pg
odoo_home=${ODOO_HOME:-$here/.odoo}
pgbin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1) || true
export PATH=$venv/bin:$PATH${pgbin:+:$pgbin}

# Without PGHOST the checkout has a PostgreSQL cluster of its own. It keeps the port that
# it was last started on (line 4 of its pid file) unless PGPORT asks for another.
if [ -z "${PGHOST:-}" ] || [ -n "${pg_private:-}" ]; then
  export pg_private=1
  export PGHOST=127.0.0.1 PGUSER=odoo PGPASSFILE=$run/pgpass
  export PGPORT=${PGPORT:-$(sed -n 4p "$pgdata/postmaster.pid" 2>/dev/null)}
  export PGPORT=${PGPORT:-5469}
fi

# What encrypts the secrets in the database: a file of this checkout, unless given.
if [ -z "${GROUPBUY_SECRET_KEYS:-}" ] && [ -r "$run/secret_keys" ]; then
  GROUPBUY_SECRET_KEYS=$(paste -sd, "$run/secret_keys")
  export GROUPBUY_SECRET_KEYS
fi
