-- SPDX-License-Identifier: GPL-2.0-or-later
-- usage: lua job_submit_test.lua PATH/job_submit.lua
-- Rows for job_submit.lua: what a user asked for, and what the user reads or the job gets.

local module = assert(arg[1], "path of job_submit.lua")
local ctld = dofile(string.match(arg[0], "^(.*/)") .. "slurmctld.lua")
local vm = ctld.load(module)
local own_submit, own_modify = slurm_job_submit, slurm_job_modify
local OPT, NONCE, NO_VAL = ctld.OPT, ctld.NONCE, ctld.NO_VAL
local failed, checks = 0, 0

local CATALOGUE = ctld.HEAD
	.. "# name ...\n"
	.. ctld.TINY
	.. "win11\t24h2\t4294967296\t0\t0\t0\t0\tlan\t-\t-\twindows\n"
	.. ctld.EXAM
ctld.catalogue_write(CATALOGUE)

-- A job as slurmctld shows it. Reads are counted: an ordinary job must cost one.
local reads
local function job(fields, spank)
	local desc = ctld.job(fields)
	if spank then
		desc.spank_job_env = {}
		for i, entry in ipairs(spank) do
			desc.spank_job_env[i - 1] = entry -- from 0, as Slurm does
		end
	end
	reads = 0
	return setmetatable({}, {
		__index = function(_, k)
			reads = reads + 1
			return desc[k]
		end,
		__newindex = function(_, k, v) desc[k] = v end,
	}), desc
end

local function check(ok, what, got)
	checks = checks + 1
	if not ok then
		failed = failed + 1
		print("FAILED: " .. what .. ": " .. tostring(got))
	end
end

local function submit(fields, spank, parts)
	ctld.quiet()
	local desc, raw = job(fields, spank)
	return own_submit(desc, parts, 7001), raw
end

-- Accepted: the request that is written.
local function accepted(why, want, spank, fields, parts)
	local rc, desc = submit(fields, spank, parts)
	check(rc == slurm.SUCCESS, why, ctld.said)
	check(desc.admin_comment == want, why, desc.admin_comment)
	check(desc.gres == "vm:1", why .. " gres", desc.gres)
	check(desc.min_nodes == 1 and desc.max_nodes == 1, why .. " nodes", desc.max_nodes)
	check(desc.ntasks_per_node == nil, why .. " tasks per node", desc.ntasks_per_node)
end

-- One on each node, of one size: Slurm is told how many tasks each has.
local function accepted_several(why, machines, tasks_per_node, spank, fields)
	fields.max_nodes = fields.max_nodes or fields.min_nodes
	local rc, desc = submit(fields, spank or { OPT .. "=tiny", NONCE })
	check(rc == slurm.SUCCESS, why, ctld.said)
	check(string.find(desc.admin_comment or "", " machines=" .. machines .. "}", 1, true), why, desc.admin_comment)
	check(desc.min_nodes == machines and desc.max_nodes == machines, why .. " nodes", desc.max_nodes)
	check(desc.ntasks_per_node == tasks_per_node, why .. " tasks per node", desc.ntasks_per_node)
	check(desc.gres == "vm:1", why .. " gres", desc.gres) -- on each node
end

-- Refused: part of what the user reads. Nothing is written.
local function refused(why, want, spank, fields, parts)
	local rc, desc = submit(fields, spank, parts)
	check(rc == slurm.ERROR, why, rc)
	check(ctld.said ~= nil and string.find(ctld.said, want, 1, true) ~= nil, why, ctld.said)
	check(desc.gres == nil, why .. " gres", desc.gres)
end

accepted("plain", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}", { OPT .. "=tiny", NONCE })
accepted("everything",
	"slurm-vm{image=tiny revision=v1 nonce=9f3c12ab45de6701 disk=20G scratch=1536M network=dmz wait=none keep=always}",
	{ NONCE, OPT .. "=tiny@v1", OPT .. "_disk=20g", OPT .. "_scratch=1536", OPT .. "_network=dmz", OPT .. "_wait=none", OPT .. "_keep=always" })
accepted("without a shell", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal shell=no}",
	{ OPT .. "=tiny", NONCE, "VM_SHELL=no" })
accepted("an odd word about a shell is none", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=tiny", NONCE, "VM_SHELL=maybe" })
accepted("from a kept disk", "slurm-vm{from=17 nonce=9f3c12ab45de6701 keep=always}", { OPT .. "=@17", NONCE })
accepted("from a kept disk, with everything",
	"slurm-vm{from=17-0123456789abcdef nonce=9f3c12ab45de6701 disk=20G scratch=1G network=lan wait=none keep=never}",
	{ OPT .. "=@17-0123456789abcdef", NONCE, OPT .. "_disk=20G", OPT .. "_scratch=1G", OPT .. "_network=lan", OPT .. "_wait=none", OPT .. "_keep=never" })
refused("no job", "must be IMAGE, IMAGE@REVISION or @JOB", { OPT .. "=@", NONCE })
refused("no job's id", "must be IMAGE, IMAGE@REVISION or @JOB", { OPT .. "=@0", NONCE })
refused("a job's id too large", "must be IMAGE, IMAGE@REVISION or @JOB", { OPT .. "=@4294967296", NONCE })
refused("no job's key", "must be IMAGE, IMAGE@REVISION or @JOB", { OPT .. "=@17-0123456789ABCDEF", NONCE })
refused("a job and more", "must be IMAGE, IMAGE@REVISION or @JOB", { OPT .. "=@17@v1", NONCE })
refused("from a kept disk, bad network", "is not a name of a network", { OPT .. "=@17", NONCE, OPT .. "_network=a/b" })
accepted("from one of several kept disks", "slurm-vm{from=17-0123456789abcdef-2 nonce=9f3c12ab45de6701 keep=always}",
	{ OPT .. "=@17-0123456789abcdef-2", NONCE })
for _, from in ipairs({ "17-2", "17-0123456789abcdef-", "17-0123456789abcdef-100", "17-0123456789abcdef-x", "17-0123456789abcdef2", "17-" }) do
	refused("no machine's key", "must be IMAGE, IMAGE@REVISION or @JOB", { OPT .. "=@" .. from, NONCE })
end
accepted("what a drain does", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal drain=requeue}",
	{ NONCE, OPT .. "=tiny", OPT .. "_on_drain=requeue" })
accepted("named disks", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan attach=data,ref:ro keep=abnormal}",
	{ NONCE, OPT .. "=tiny", OPT .. "_attach=data,ref:ro" })
accepted("named disks beside a kept one", "slurm-vm{from=17 nonce=9f3c12ab45de6701 attach=data keep=always}",
	{ NONCE, OPT .. "=@17", OPT .. "_attach=data" })
accepted("an array that reads", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan attach=ref:ro keep=abnormal}",
	{ NONCE, OPT .. "=tiny", OPT .. "_attach=ref:ro" }, { array_inx = "1-3" })
refused("an array that writes", "each machine would need disk data to write", { OPT .. "=tiny", OPT .. "_attach=ref:ro,data", NONCE }, { array_inx = "1-3" })
for _, bad in ipairs({ "", ",", "data,", "Data", "a.b", "data:rw", "a/b", string.rep("a", 21) }) do
	refused("no disk " .. bad, bad == "" and "" or "must be NAME or NAME:ro", { OPT .. "=tiny", OPT .. "_attach=" .. bad, NONCE })
end
refused("a job's own disk", "'scratch1' is what a job's own disks are called", { OPT .. "=tiny", OPT .. "_attach=scratch1", NONCE })
refused("twice", "disk data stands there twice", { OPT .. "=tiny", OPT .. "_attach=data,data:ro", NONCE })
refused("too many", "at most 8 disks", { OPT .. "=tiny", OPT .. "_attach=a,b,c,d,e,f,g,h,i", NONCE })
accepted("with Slurm's prefix", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ "SPANK_" .. OPT .. "=tiny", "SPANK_" .. NONCE })
accepted("other plugins' variables", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=tiny", NONCE, "_SLURM_SPANK_OPTION_pyxis_container_image=a b\nc" })
accepted("a site's comment stays", "site=1 slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=tiny", NONCE }, { admin_comment = "site=1" })
accepted("a forged comment does not", "a b slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=tiny", NONCE }, { admin_comment = "a slurm-vm{image=win11 nonce=0} b" })
accepted("mail to the owner", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal mail=@}",
	{ OPT .. "=tiny", NONCE }, { mail_type = 1 })
accepted("mail to an address", "slurm-vm{from=17 nonce=9f3c12ab45de6701 keep=always mail=alice@example.org}",
	{ OPT .. "=@17", NONCE }, { mail_type = 15, mail_user = "alice@example.org" })
for _, fields in ipairs({ { mail_type = 2 }, { mail_type = 65534 }, { mail_type = 65535 },
	{ mail_type = 1, mail_user = "-s x" }, { mail_type = 1, mail_user = "a;b" }, { mail_type = 1, mail_user = string.rep("a", 64) } }) do
	accepted("no mail", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}", { OPT .. "=tiny", NONCE }, fields)
	check((ctld.said ~= nil) == (fields.mail_user ~= nil), "an odd address is told", ctld.said)
end
accepted("whole node's memory", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=tiny", NONCE }, { min_mem_per_node = 0 })
accepted("by uid", "slurm-vm{image=exam revision=v1 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=exam", NONCE }, { user_id = 7003 })
accepted("by group", "slurm-vm{image=exam revision=v1 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=exam", NONCE }, { group_id = 800 })
accepted("root may all", "slurm-vm{image=exam revision=v1 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=exam", NONCE }, { user_id = 0 })
accepted("memory by CPU", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=tiny", NONCE }, { min_mem_per_node = "nil", min_mem_per_cpu = 104, cpus_per_task = 2 })

refused("unknown image", "slurm-vm: image win99: not in the catalogue (tiny, win11)", { OPT .. "=win99", NONCE })
refused("not for this user", "image exam: you may not use it (yours: tiny, win11)", { OPT .. "=exam", NONCE })
refused("unknown revision", "image tiny: no revision 'v9' (v2, v1)", { OPT .. "=tiny@v9", NONCE })
refused("malformed image", "--vm: 'Tiny' must be IMAGE, IMAGE@REVISION or @JOB", { OPT .. "=Tiny", NONCE })
refused("empty revision", "must be IMAGE, IMAGE@REVISION or @JOB", { OPT .. "=tiny@", NONCE })
refused("malformed size", "--vm-disk: '10X' is not a size: give a number and K, M, G or T, as in 40G", { OPT .. "=tiny", OPT .. "_disk=10X", NONCE })
refused("zero size", "'0G' is not a size", { OPT .. "=tiny", OPT .. "_disk=0G", NONCE })
refused("size over all", "is not a size", { OPT .. "=tiny", OPT .. "_disk=999999999999999T", NONCE })
refused("too large a disk", "--vm-disk: '21G' is more than image tiny allows (at most 20G)", { OPT .. "=tiny", OPT .. "_disk=21G", NONCE })
refused("too small a disk", "--vm-disk: '1023M' is less than image tiny needs (1G to 20G)", { OPT .. "=tiny", OPT .. "_disk=1023M", NONCE })
refused("no scratch here", "--vm-scratch: image win11 allows none", { OPT .. "=win11", OPT .. "_scratch=1G", NONCE }, { min_mem_per_node = 8192 })
refused("unknown network", "--vm-network: 'wan' must be one of lan, dmz", { OPT .. "=tiny", OPT .. "_network=wan", NONCE })
refused("unknown wait", "--vm-wait: 'never' must be one of ready, running, none", { OPT .. "=tiny", OPT .. "_wait=never", NONCE })
refused("unknown choice", "--vm-on-drain: 'go' must be one of migrate, requeue, stay", { OPT .. "=tiny", OPT .. "_on_drain=go", NONCE })
refused("unknown keep", "--vm-keep: 'yes' must be one of never, abnormal, always", { OPT .. "=tiny", OPT .. "_keep=yes", NONCE })
refused("too little memory", "512M of memory are too few for image win11: at least --mem=4096M", { OPT .. "=win11", NONCE })
refused("each CPU needs some", "4111M of memory are too few for image win11: at least --mem=4112M", { OPT .. "=win11", NONCE }, { min_mem_per_node = 4111, min_cpus = 3 })
accepted("just enough", "slurm-vm{image=win11 revision=24h2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=win11", NONCE }, { min_mem_per_node = 4112, min_cpus = 3 })
refused("too little memory by CPU", "200M of memory are too few", { OPT .. "=win11", NONCE }, { min_mem_per_node = "nil", min_mem_per_cpu = 100, min_cpus = 2 })
refused("too little by the partition's default", "300M of memory are too few", { OPT .. "=win11", NONCE },
	{ min_mem_per_node = "nil", partition = "p" }, { p = { def_mem_per_node = 300 } })
refused("too many CPUs", "9 CPUs are more than image tiny allows (-c 1 to 8)", { OPT .. "=tiny", NONCE }, { min_cpus = 9 })
refused("too many CPUs by tasks", "12 CPUs are more", { OPT .. "=tiny", NONCE }, { num_tasks = 3, cpus_per_task = 4 })
accepted_several("three nodes", 3, 1, nil, { min_nodes = 3, min_cpus = 6, cpus_per_task = 2 })
accepted_several("at least two", 2, 1, nil, { min_nodes = 2 })
accepted_several("the most", 32, 1, nil, { min_nodes = 32 })
accepted_several("tasks on each", 2, 4, nil, { min_nodes = 2, ntasks_per_node = 4 })
accepted_several("tasks that divide", 2, 3, nil, { min_nodes = 2, num_tasks = 6 })
accepted_several("both", 2, 3, nil, { min_nodes = 2, num_tasks = 6, ntasks_per_node = 3 })
accepted_several("as many CPUs as one may have, on each", 3, 1, nil, { min_nodes = 3, min_cpus = 24, cpus_per_task = 8 })
accepted_several("from the kept disks of a job", 2, 1, { OPT .. "=@17", NONCE }, { min_nodes = 2 })
accepted_several("an array of them", 2, 1, nil, { min_nodes = 2, array_inx = "0-3" })
refused("too many CPUs on each", "9 CPUs are more", { OPT .. "=tiny", NONCE }, { min_nodes = 2, min_cpus = 18, cpus_per_task = 9 })
refused("too little memory on each", "300M of memory are too few for image win11", { OPT .. "=win11", NONCE },
	{ min_nodes = 2, min_mem_per_node = 300 })
refused("one to three nodes", "-N must be one number, not 1-3", { OPT .. "=tiny", NONCE }, { max_nodes = 3 })
refused("two to three nodes", "-N must be one number, not 2-3", { OPT .. "=tiny", NONCE }, { min_nodes = 2, max_nodes = 3 })
refused("too many", "at most 32 virtual machines, not 33", { OPT .. "=tiny", NONCE }, { min_nodes = 33 })
refused("tasks that do not divide", "5 tasks cannot be spread evenly over 2 nodes", { OPT .. "=tiny", NONCE }, { min_nodes = 2, num_tasks = 5 })
refused("tasks that do not fit", "4 tasks cannot be spread evenly", { OPT .. "=tiny", NONCE }, { min_nodes = 2, num_tasks = 4, ntasks_per_node = 3 })
accepted("no number of nodes", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=tiny", NONCE }, { min_nodes = NO_VAL, max_nodes = NO_VAL })
refused("heterogeneous", "heterogeneous", { OPT .. "=tiny", NONCE }, { het_job_offset = 0 })
accepted("an array", "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 network=lan keep=abnormal}",
	{ OPT .. "=tiny", NONCE }, { array_inx = "0-3%2" })
refused("an array on one kept disk", "the kept disk is one, and each task would need it", { OPT .. "=@17", NONCE },
	{ array_inx = "0-3" })
refused("no nonce", "the request has no nonce", { OPT .. "=tiny" })
refused("odd nonce", "the request has no nonce", { OPT .. "=tiny", "VM_NONCE=9F3C12AB45DE6701" })
refused("option without --vm", "--vm-disk needs --vm=IMAGE", { OPT .. "_disk=1G" })
refused("line break in a value", "is too long or holds characters", { OPT .. "=tiny\nkeep=always", NONCE })
refused("brace in a value", "must be IMAGE", { OPT .. "=tiny}", NONCE })
refused("very long value", "is too long or holds characters", { OPT .. "=" .. string.rep("a", 161), NONCE })
refused("two values", "is too long or holds characters", { OPT .. "=tiny", OPT .. "=win11", NONCE })
refused("huge environment", "larger than 8192 bytes", { OPT .. "=tiny", NONCE, "X=" .. string.rep("x", 9000) })
refused("hidden in another variable", "line break", { "X=1\n_SLURM_SPANK_OPTION_slurm_vm_vm=tiny" })
refused("a comment without a request", "belongs to slurm-vm", nil, { admin_comment = "slurm-vm{image=tiny nonce=1}" })

-- gres: what was asked for stays, the VM is counted once
local rc, desc = submit({ gres = "gres:gpu:2,gres:vm:1" }, { OPT .. "=tiny", NONCE })
check(rc == 0 and desc.gres == "gpu:2,vm:1", "gres kept", desc.gres)
rc, desc = submit({ gres = "gres/vm=2" }, { OPT .. "=tiny", NONCE })
check(rc == -1 and string.find(ctld.said, "one virtual machine", 1, true), "two VMs", ctld.said)
vm.add_gres = false
rc, desc = submit({}, { OPT .. "=tiny", NONCE })
check(rc == 0 and desc.gres == nil, "gres off", desc.gres)
vm.add_gres = true

-- an ordinary job: no catalogue is needed, next to nothing is read, nothing is said
vm.catalogue = "/nonexistent/catalogue"
for _, spank in ipairs({ false, { "X=1" } }) do
	rc, desc = submit({}, spank or nil)
	check(rc == 0 and ctld.said == nil and desc.admin_comment == nil and reads <= 2, "ordinary job", reads)
end
refused("no catalogue", "the catalogue of images is not there yet", { OPT .. "=tiny", NONCE })
vm.catalogue = ctld.catalogue
ctld.catalogue_write("tiny\n")
refused("not a catalogue", "the catalogue of images cannot be read", { OPT .. "=tiny", NONCE })
ctld.catalogue_write(CATALOGUE .. "short\tline\n")
refused("a short line is no image", "image short: not in the catalogue", { OPT .. "=short", NONCE })

-- our own bug refuses, too: Slurm would let the job pass
local old = vm.catalogue
vm.catalogue = {}
refused("failure inside", "could not be checked", { OPT .. "=tiny", NONCE })
check(#ctld.logged > 0, "failure inside is logged", #ctld.logged)
vm.catalogue = old

-- another prefix
vm.prefix = "win-vm"
rc, desc = submit({}, { "_SLURM_SPANK_OPTION_slurm_vm_win_vm=tiny", "_SLURM_SPANK_OPTION_slurm_vm_win_vm_disk=2G", NONCE })
check(rc == 0 and string.find(desc.admin_comment, "disk=2G", 1, true), "prefix", desc.admin_comment)
rc, desc = submit({}, { OPT .. "=tiny", NONCE })
check(rc == 0 and desc.admin_comment == nil, "not our prefix", desc.admin_comment)
vm.prefix = "vm"

-- modify
local RECORD = { user_id = 7001, admin_comment = "x slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701}" }
local function modify(why, want, changes, record, uid)
	ctld.quiet()
	local d = job({ min_nodes = NO_VAL, min_cpus = NO_VAL, min_mem_per_node = "nil" })
	for k, v in pairs(changes) do
		d[k] = v
	end
	local rc_modify = own_modify(d, record or RECORD, nil, uid or 7001)
	check(rc_modify == (want and 2002 or 0), "modify: " .. why, tostring(rc_modify) .. " " .. tostring(ctld.said))
	check(want == nil or string.find(ctld.said, want, 1, true) ~= nil, "modify: " .. why, ctld.said)
end
modify("time limit", nil, { time_limit = 5 })
modify("comment", "cannot be changed", { admin_comment = "" })
modify("gres", "cannot be changed", { gres = "gpu:1" })
modify("two nodes", "their number cannot be changed", { min_nodes = 2 })
modify("up to two nodes", "has 1 virtual machine,", { max_nodes = 2 })
local SEVERAL = { user_id = 7001, admin_comment = "slurm-vm{image=tiny revision=v2 nonce=9f3c12ab45de6701 machines=3}" }
modify("fewer nodes than machines", "has 3 virtual machines,", { min_nodes = 2 }, SEVERAL)
modify("as many", nil, { min_nodes = 3, max_nodes = 3 }, SEVERAL)
modify("too many CPUs on each", "9 CPUs", { min_cpus = 27 }, SEVERAL)
modify("enough on each", nil, { min_cpus = 24 }, SEVERAL)
modify("too many CPUs", "9 CPUs", { min_cpus = 9 })
modify("fewer CPUs", nil, { min_cpus = 2 })
modify("too little memory", "100M of memory", { min_mem_per_node = 100 })
modify("root may", nil, { admin_comment = "", min_nodes = 2 }, nil, 0)
modify("an operator may", nil, { admin_comment = "" }, nil, 64030)
modify("a job without VM", nil, { gres = "gpu:1" }, { user_id = 7001, admin_comment = "site=1" })
modify("a job without comment", nil, { gres = "gpu:1" }, { user_id = 7001 })

-- a site's own file: what it has defined is not replaced
local function site() return 7 end
slurm_job_submit, slurm_job_modify = site, site
local again = dofile(module)
check(slurm_job_submit == site and slurm_job_modify == site, "a site's functions stay", "replaced")
check(type(again.submit) == "function" and type(again.modify) == "function", "module", again)

os.remove(ctld.catalogue)
print(string.format("# %s: %d checks, %d failed", _VERSION, checks, failed))
os.exit(failed == 0 and 0 or 1)
