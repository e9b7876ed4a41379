# Where everything of this checkout lives; sourced by the other scripts.
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
export DB=${DB:-groupbuy} ODOO_PORT=${ODOO_PORT:-8069}
venv=$here/.venv run=$here/.run pgdata=$here/.pg
odoo_home=${ODOO_HOME:-$here/.odoo}
export PATH=$venv/bin:$PATH
pgbin=$(ls -d /usr/lib/postgresql/*/bin 2>/dev/null | sort -V | tail -n 1)
if [ -z "${PGHOST:-}" ]; then
  pg_private=1
  export PGHOST=127.0.0.1 PGPORT=${PGPORT:-5469} PGUSER=odoo PGPASSFILE=$run/pgpass
fi
