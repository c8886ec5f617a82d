package hosts

import (
	"fmt"
	"strings"
)

// Database is a database that an app under test may have as a plain service, as Debian's bookworm brings it.
type Database string

// The databases. Each lets its administrator (postgres, root) in over the container's own socket without a password,
// and asks other users for theirs over TCP. At its first start it runs the file /init.sql of the image, where there is
// one. Its data are in /data; its log, on standard error, has every statement.
const (
	PostgreSQL Database = "postgresql"
	MariaDB    Database = "mariadb"
)

// databaseDockerfile is for the installation, the user, the start script's lines and the signal that ends the sessions
// that are open.
const databaseDockerfile = `
ENV DEBIAN_FRONTEND=noninteractive
RUN apt-get update -q \
%[1]s && apt-get clean && rm -rf /var/lib/apt/lists/* \
 && mkdir -p /data && chown %[2]s /data \
 && printf '%%s\n' %[3]s > /start && chmod 755 /start
USER %[2]s
VOLUME /data
STOPSIGNAL %[4]s
ENTRYPOINT ["/start"]
`

// The compiler of queries, which nothing here asks for, is a third of PostgreSQL's size.
const installPostgreSQL = ` && apt-get install -q -y --no-install-recommends postgresql-common \
 && sed -i 's/^#*create_main_cluster.*/create_main_cluster = false/' /etc/postgresql-common/createcluster.conf \
 && apt-get install -q -y --no-install-recommends postgresql \
 && rm -rf /usr/lib/*/libLLVM* /usr/lib/postgresql/*/lib/llvmjit* /usr/lib/postgresql/*/lib/bitcode \
`

// The folder with the data gets its name once it is whole, so that a container killed at its first start begins anew.
const startPostgreSQL = `#!/bin/sh
set -eu
PATH=$(echo /usr/lib/postgresql/*/bin):$PATH
if [ ! -e /data/db ]; then
  rm -rf /data/new
  initdb --no-sync --pgdata=/data/new --username=postgres --encoding=UTF8 --auth-local=trust --auth-host=scram-sha-256 >/dev/null
  echo host all all all scram-sha-256 >> /data/new/pg_hba.conf
  if [ -e /init.sql ]; then
    pg_ctl start --pgdata=/data/new --wait --silent --options=--listen_addresses=
    psql --no-psqlrc --quiet --set=ON_ERROR_STOP=1 --username=postgres --file=/init.sql
    pg_ctl stop --pgdata=/data/new --wait --silent
  fi
  mv /data/new /data/db
fi
exec postgres -D /data/db "--listen_addresses=*" --log_statement=all "$@"`

const installMariaDB = ` && apt-get install -q -y --no-install-recommends mariadb-server \
 && rm -rf /var/lib/mysql && mkdir -p /run/mysqld && chown mysql /run/mysqld \
`

const startMariaDB = `#!/bin/sh
set -eu
if [ ! -e /data/db ]; then
  rm -rf /data/new
  mariadb-install-db --no-defaults --datadir=/data/new --auth-root-authentication-method=normal --skip-test-db >/dev/null
  if [ -e /init.sql ]; then
    mariadbd --no-defaults --datadir=/data/new --socket=/run/mysqld/mysqld.sock --skip-networking &
    server=$!
    until mariadb-admin --user=root --silent ping; do sleep 0.2; done
    mariadb --user=root < /init.sql
    kill $server
    wait $server
  fi
  mv /data/new /data/db
fi
exec mariadbd --no-defaults --datadir=/data/db --socket=/run/mysqld/mysqld.sock --general-log --general-log-file=/dev/stderr "$@"`

func databaseRecipe(database Database) recipe {
	install, user, start, signal := installPostgreSQL, "postgres", startPostgreSQL, "SIGINT"
	if database == MariaDB {
		install, user, start, signal = installMariaDB, "mysql", startMariaDB, "SIGTERM"
	}
	var lines []string
	for line := range strings.Lines(start) {
		lines = append(lines, "'"+strings.TrimRight(line, "\n")+"'")
	}
	return recipe{release: Bookworm, database: database, dockerfile: fmt.Sprintf(databaseDockerfile, install, user, strings.Join(lines, " "), signal)}
}
