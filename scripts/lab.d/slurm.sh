# shellcheck shell=bash
# SPDX-License-Identifier: GPL-2.0-or-later
# slurmdbd and slurmctld on masternode, a slurmd on each worker, configured as slurm-vm(8) asks.
# shellcheck source=scripts/lab.d/lab.sh
. /run/lab.d/lab.sh

slurm_configure()
{
	local host cpus=${LAB_CPUS:-8}

	install -d -m 0755 /etc/slurm /etc/slurm/plugstack.conf.d
	install -d -o slurm -g slurm -m 0755 /var/lib/slurm/ctld /run/slurm /var/log/slurm
	{
		cat <<-'EOF'
			ClusterName=lab
			SlurmctldHost=masternode(192.168.170.190)
			SlurmUser=slurm
			AuthType=auth/munge
			CredType=cred/munge
			MpiDefault=none
			StateSaveLocation=/var/lib/slurm/ctld
			SlurmdSpoolDir=/var/spool/slurmd.%n
			SlurmctldPidFile=/run/pids/slurmctld
			SlurmdPidFile=/run/pids/slurmd.%n
			SlurmctldLogFile=/var/log/slurm/slurmctld.log
			SlurmdLogFile=/var/log/slurm/slurmd.%n.log
			SlurmctldDebug=info
			SlurmdDebug=info
			ProctrackType=proctrack/linuxproc
			TaskPlugin=task/none
			SelectType=select/cons_tres
			SelectTypeParameters=CR_Core_Memory
			SchedulerType=sched/backfill
			SchedulerParameters=batch_sched_delay=0,sched_min_interval=0,sched_interval=2,bf_interval=2
			SlurmdParameters=config_overrides
			ReturnToService=2
			SlurmdTimeout=20
			SlurmctldTimeout=30
			KillWait=5
			CompleteWait=0
			MinJobAge=300
			InactiveLimit=0
			TCPTimeout=5
			AccountingStorageType=accounting_storage/slurmdbd
			AccountingStorageHost=192.168.170.190
			AccountingStorageEnforce=associations
			JobAcctGatherType=jobacct_gather/none
			# for VMs as jobs
			GresTypes=vm
			Licenses=tool:1
			AccountingStorageTRES=gres/vm
			AccountingStoreFlags=job_comment
			JobSubmitPlugins=lua
			PlugStackConfig=/etc/slurm/plugstack.conf
		EOF
		echo "NodeName=DEFAULT CPUs=$cpus Boards=1 SocketsPerBoard=1 CoresPerSocket=$cpus ThreadsPerCore=1 RealMemory=$((2000 * cpus)) Gres=vm:$cpus State=UNKNOWN"
		for host in "${workers[@]}"; do
			echo "NodeName=$host NodeAddr=$management.$(host_number "$host")"
		done
		echo "PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP DefMemPerCPU=512"
	} >/etc/slurm/slurm.conf
	cat >/etc/slurm/slurmdbd.conf <<-'EOF'
		AuthType=auth/munge
		DbdHost=masternode
		DbdAddr=192.168.170.190
		SlurmUser=slurm
		LogFile=/var/log/slurm/slurmdbd.log
		PidFile=/run/pids/slurmdbd
		StorageType=accounting_storage/mysql
		StorageHost=127.0.0.1
		StorageUser=slurm
		StoragePass=lab
		StorageLoc=slurm_acct_db
	EOF
	chown slurm: /etc/slurm/slurmdbd.conf
	chmod 600 /etc/slurm/slurmdbd.conf
	# slurmdbd and slurmctld write their pid files as slurm
	chgrp slurm /run/pids
	chmod 775 /run/pids
	slurm_configure_vm
}

# The site's side of the plugin: a line of plugstack.conf, and its checks in job_submit.lua.
slurm_configure_vm()
{
	if without plugin; then
		: >/etc/slurm/plugstack.conf
		cat >/etc/slurm/job_submit.lua <<-'EOF'
			function slurm_job_submit() return slurm.SUCCESS end
			function slurm_job_modify() return slurm.SUCCESS end
			return slurm.SUCCESS
		EOF
	else
		echo "required slurm_vm.so vmd=192.168.170.190:6830" >/etc/slurm/plugstack.conf
		ln -sfn /usr/share/slurm-vm/job_submit.lua /etc/slurm/job_submit.lua
	fi
}

slurmdbd_up()
{
	running slurmdbd && return
	on masternode setpriv --reuid=slurm --regid=slurm --init-groups slurmdbd
	until_ok 20 sacctmgr -n list cluster >/dev/null
	[ -n "$(sacctmgr -nP list cluster lab)" ] || {
		sacctmgr -i add cluster lab
		sacctmgr -i add account hpc cluster=lab
		sacctmgr -i add user alice,bob,root account=hpc
	} >/var/log/slurm/sacctmgr.log 2>&1
}

slurmctld_up()
{
	running slurmctld && return
	on masternode setpriv --reuid=slurm --regid=slurm --init-groups slurmctld
	until_ok 20 scontrol ping >/dev/null
}

slurmd_start() # HOST
{
	running "slurmd.$1" && return
	mkdir -p "/var/spool/slurmd.$1"
	on "$1" slurmd -N "$1"
}

slurm_nodes_answer()
{
	[ "$(sinfo -h -N -o %t | grep -cvE 'down|unk|\*')" -ge ${#workers[@]} ]
}
