-- SPDX-License-Identifier: GPL-2.0-or-later
-- What slurmctld is for job_submit.lua, for its tests: the global `slurm`, a job's fields, and beside it the
-- catalogue file that vmd writes.

local ctld = {
	NO_VAL = 4294967294, NO_VAL16 = 65534, -- "not given" in a job's fields
	NONCE = "VM_NONCE=9f3c12ab45de6701",
	OPT = "_SLURM_SPANK_OPTION_slurm_vm_vm",
	-- lines of a catalogue
	HEAD = "# slurm-vm catalogue 1\n",
	TINY = "tiny\tv2,v1\t209715200\t8\t1073741824\t21474836480\t107374182400\tlan,dmz\t-\t-\tlinux\n",
	EXAM = "exam\tv1\t209715200\t2\t0\t0\t0\tlan\t7002,7003\t800\tlinux\n",
	catalogue = os.tmpname(),
}

-- Of one submission: what its user was told last, what went to the log, the last failure in that.
function ctld.quiet()
	ctld.said, ctld.logged, ctld.failure = nil, {}, nil
end

local function log(...)
	ctld.logged[#ctld.logged + 1] = string.format(...)
end

slurm = {
	SUCCESS = 0,
	ERROR = -1,
	ESLURM_ACCESS_DENIED = 2002,
	log_user = function(...) ctld.said = string.format(...) end,
	log_info = log,
	log_error = function(...)
		log(...)
		ctld.failure = ctld.logged[#ctld.logged]
	end,
}

function ctld.catalogue_write(text)
	local f = assert(io.open(ctld.catalogue, "w"))
	f:write(text)
	f:close()
end

-- The fields of a job of one task on one node, but for those given; "nil": there is none of that name.
function ctld.job(fields)
	local desc = {
		user_id = 7001, group_id = 7001, min_nodes = 1, min_cpus = 1, num_tasks = ctld.NO_VAL, cpus_per_task = ctld.NO_VAL16,
		het_job_offset = ctld.NO_VAL, min_mem_per_node = 512,
	}
	for k, v in pairs(fields or {}) do
		if v == "nil" then
			desc[k] = nil
		else
			desc[k] = v
		end
	end
	return desc
end

-- job_submit.lua as slurmctld loads it; slurm_job_submit() and slurm_job_modify() are there then.
function ctld.load(path)
	local vm = dofile(path)
	vm.catalogue = ctld.catalogue
	return vm
end

ctld.quiet()
return ctld
