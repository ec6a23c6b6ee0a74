# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The database of slurmdbd, on masternode's own loopback address. Its data are in memory.
# shellcheck source=scripts/lab.d/lab.sh
. /run/lab.d/lab.sh

mariadb_sql()
{
	mariadb --no-defaults --socket=/run/mysqld/mysqld.sock --batch
}

mariadb_answers()
{
	mariadb_sql <<<'select 1' >/dev/null
}

mariadb_up()
{
	running mariadb && return
	local data=/var/lib/slurm-lab-mysql fresh=no
	install -d -o mysql -g mysql -m 0755 /run/mysqld $data
	if [ ! -d $data/mysql ]; then
		fresh=yes
		mariadb-install-db --no-defaults --user=mysql --datadir=$data --skip-test-db \
			--auth-root-authentication-method=socket --innodb-log-file-size=8M \
			--innodb-flush-method=fsync --skip-name-resolve >/var/log/mariadb-install.log 2>&1
	fi
	daemon mariadb masternode mariadbd --no-defaults --user=mysql --datadir=$data \
		--socket=/run/mysqld/mysqld.sock --port=3306 --bind-address=127.0.0.1 --tmpdir=/tmp \
		--innodb-buffer-pool-size=64M --innodb-log-file-size=8M --innodb-flush-method=fsync \
		--innodb-flush-log-at-trx-commit=0 --innodb-lock-wait-timeout=900 --skip-log-bin --skip-name-resolve
	until_ok 20 mariadb_answers
	[ $fresh = no ] || mariadb_sql <<-EOF
		create database slurm_acct_db;
		create user 'slurm'@'127.0.0.1' identified by 'lab';
		grant all on slurm_acct_db.* to 'slurm'@'127.0.0.1';
	EOF
}
