-- SPDX-License-Identifier: GPL-2.0-or-later
--
-- slurm-vm's checks in slurmctld: a request for a virtual machine is refused at submit, with the
-- values that would be right, and an accepted one is written into the job's admin_comment, where the
-- owner cannot change it. Manual: slurm-vm(8).
--
-- On its own:        ln -s .../slurm-vm/job_submit.lua /etc/slurm/job_submit.lua
-- In a site's file:  local vm = dofile(".../slurm-vm/job_submit.lua")
--                    function slurm_job_submit(desc, parts, uid)
--                        local rc = vm.submit(desc, parts, uid)
--                        if rc ~= slurm.SUCCESS then return rc end
--                        ...
--
-- Runs in slurmctld under its lock: no request for a VM, no work. Slurm lets a job pass when the
-- script fails (job_submit_lua.c), so every failure in here is caught and refuses the job.
-- Written for Lua 5.1 to 5.4: Slurm is linked with any of them.

local vm = {
	-- A site may change these after dofile().
	catalogue = "/var/lib/slurm-vm/catalogue", -- catalogue_file in vmd.yaml
	prefix = "vm", -- prefix= in plugstack.conf
	add_gres = true, -- count VMs as gres/vm (GresTypes=vm)
}

local PLUGIN = "slurm_vm" -- SPANK plugin's name, part of variable names
local VALUE_MAX = 160 -- one option's value, as in options.h
local SPANK_MAX = 8192 -- all SPANK variables of a VM job
local CATALOGUE_MAX = 4 * 1024 * 1024 -- vmd writes no more
local SIZE_MAX = 2 ^ 52
local NAME_MAX = 63
local MACHINES_MAX = 32 -- of one job, as in job.h
-- The catalogue's memory_min is for one CPU; what each further one takes at least (catalogue_file.c).
local CPU_OVERHEAD = 8 * 1024 * 1024

local function allocated(n)
	-- Slurm says "not given" with the largest values of its integers
	return n ~= nil and n < 4294967000 and n ~= 65534 and n ~= 65535
end

-- Reports to the user and refuses.
local Refusal = {}
local function refuse(...)
	error(setmetatable({ text = string.format(...) }, Refusal), 0)
end

-- Text from outside in a message: printable, short.
local function quoted(s)
	s = string.gsub(s, "[^\32-\126]", "?")
	if #s > 80 then
		s = string.sub(s, 1, 77) .. "..."
	end
	return "'" .. s .. "'"
end

local function split(s, separator)
	local parts = {}
	if s == "-" or s == "" then
		return parts
	end
	for part in string.gmatch(s .. separator, "(.-)" .. separator) do
		parts[#parts + 1] = part
	end
	return parts
end

local function contains(list, value)
	for _, v in ipairs(list) do
		if v == value then
			return true
		end
	end
	return false
end

local function is_name(s)
	return #s <= NAME_MAX and (string.find(s, "^[a-z0-9]$") or string.find(s, "^[a-z0-9][a-z0-9.-]*[a-z0-9]$")) ~= nil
end

-- sizes

local UNITS = { K = 2 ^ 10, M = 2 ^ 20, G = 2 ^ 30, T = 2 ^ 40 }

local function size_bytes(option, text)
	local digits, unit = string.match(text, "^(%d+)([KMGTkmgt]?)$")
	local n = digits and #digits <= 15 and tonumber(digits) or 0
	-- a plain number is megabytes, as with --mem
	n = n * (UNITS[string.upper(unit or "")] or UNITS.M)
	if n <= 0 or n > SIZE_MAX then
		refuse("--%s: %s is not a size: give a number and K, M, G or T, as in 40G", option, quoted(text))
	end
	return n
end

local function size_text(bytes)
	for _, unit in ipairs({ "T", "G", "M", "K" }) do
		if bytes >= UNITS[unit] and bytes % UNITS[unit] == 0 then
			return string.format("%.0f%s", bytes / UNITS[unit], unit)
		end
	end
	return string.format("%.0f", bytes)
end

-- the catalogue

local FIELDS = 11

local function catalogue_line(line)
	local f = {}
	for field in string.gmatch(line .. "\t", "(.-)\t") do
		f[#f + 1] = field
	end
	if #f < FIELDS then
		return nil
	end
	return {
		name = f[1],
		revisions = split(f[2], ","),
		memory_min = tonumber(f[3]) or 0,
		cpus_max = tonumber(f[4]) or 0,
		disk = tonumber(f[5]) or 0,
		disk_max = tonumber(f[6]) or 0,
		scratch_max = tonumber(f[7]) or 0,
		networks = split(f[8], ","),
		uids = split(f[9], ","),
		gids = split(f[10], ","),
		profile = f[11],
	}
end

-- Read anew for each VM job: vmd replaces the file when its settings change, and it is small.
local function catalogue_read(path)
	local file, why = io.open(path, "r")
	if not file then
		slurm.log_error("slurm-vm: catalogue: %s", why)
		refuse("the catalogue of images is not there yet; tell your administrator: %s", why)
	end
	local text = file:read(CATALOGUE_MAX) or ""
	file:close()
	local images, names = {}, {}
	if not string.find(text, "^# slurm%-vm catalogue 1\n") then
		slurm.log_error("slurm-vm: %s: not a catalogue of version 1", path)
		refuse("the catalogue of images cannot be read; tell your administrator: %s", path)
	end
	for line in string.gmatch(text, "[^\n]+") do
		if string.sub(line, 1, 1) ~= "#" then
			local image = catalogue_line(line)
			if image then
				images[image.name] = image
				names[#names + 1] = image.name
			end
		end
	end
	table.sort(names)
	return images, names
end

local function allowed(image, uid, gid)
	if uid == 0 or (#image.uids == 0 and #image.gids == 0) then
		return true
	end
	return contains(image.uids, string.format("%.0f", uid)) or contains(image.gids, string.format("%.0f", gid))
end

-- Names of the images this user may have: a message does not show the others.
local function names_allowed(images, names, uid, gid)
	local mine = {}
	for _, name in ipairs(names) do
		if allowed(images[name], uid, gid) then
			mine[#mine + 1] = name
		end
	end
	return #mine > 0 and table.concat(mine, ", ") or "none"
end

-- the request

local OPTIONS = { "", "-disk", "-scratch", "-network", "-attach", "-wait", "-keep", "-on-drain" }

-- Values of our options and the nonce from the SPANK variables ("NAME=value", from index 0), or nil
-- when no VM is asked for. Any user can send any variable, so nothing in them is taken for granted.
local function request_read(env)
	if env == nil then
		return nil
	end
	local wanted = { ["VM_NONCE"] = "nonce", ["VM_SHELL"] = "shell" }
	for _, option in ipairs(OPTIONS) do
		local name = "_SLURM_SPANK_OPTION_" .. PLUGIN .. "_" .. string.gsub(vm.prefix .. option, "-", "_")
		wanted[name] = option
	end
	local values, total, odd = {}, 0, nil
	for _, entry in pairs(env) do
		total = total + #entry
		local name, value = string.match(entry, "^([^=]*)=(.*)$")
		-- seen without the prefix that prologs see; with it is as good
		name = name and string.gsub(name, "^SPANK_", "")
		local key = name and wanted[name]
		if key then
			if #value > VALUE_MAX or string.find(value, "[^\33-\126]") then
				odd = name
			end
			if values[key] ~= nil and values[key] ~= value then
				odd = name
			end
			values[key] = value
		elseif string.find(entry, "\n_?S?P?A?N?K?_?_?SLURM_SPANK_OPTION_" .. PLUGIN) then
			odd = "a variable with a line break in it"
		end
	end
	if values[""] == nil then
		if odd then
			refuse("%s: this is not a request of sbatch, salloc or srun", quoted(odd))
		end
		for _, option in ipairs(OPTIONS) do
			if values[option] ~= nil then
				refuse("--%s%s needs --%s=IMAGE", vm.prefix, option, vm.prefix)
			end
		end
		return nil
	end
	if odd then
		refuse("%s is too long or holds characters that no request has", odd)
	end
	if total > SPANK_MAX then
		refuse("the SPANK variables of this job are larger than %d bytes", SPANK_MAX)
	end
	if not string.find(values.nonce or "", "^%x+$") or #values.nonce ~= 16 or string.find(values.nonce, "%u") then
		refuse("the request has no nonce: submit with sbatch, salloc or srun of a host that has the slurm-vm plugin")
	end
	return values
end

local function one_of(option, value, list)
	if not contains(list, value) then
		refuse("--%s: %s must be one of %s", option, quoted(value), table.concat(list, ", "))
	end
	return value
end

-- --vm=@17 or --vm=@17-9f3c12ab45de6701: the kept disk (or disks) of a job. It is in Ceph, which slurmctld does
-- not see: vmd checks whose it is and what it was made of. Here only that it is a job.
local function is_job(s)
	local id, nonce = string.match(s, "^([1-9]%d*)(.*)$")
	local rank
	nonce, rank = string.match(nonce or "", "^(%-?%x*)(.*)$") -- of one of several machines: 17-9f3c12ab45de6701-2
	return id ~= nil and #id <= 10 and tonumber(id) < 4294967296
		and (nonce == "" and rank == "" or #nonce == 17 and string.find(nonce, "^%-") ~= nil and not string.find(nonce, "%u")
			and (rank == "" or string.find(rank, "^%-%d%d?$") ~= nil))
end

local function check_disk(option, text, image, max)
	local bytes = size_bytes(option, text)
	if max == 0 then
		refuse("--%s: image %s allows none", option, image.name)
	elseif bytes > max then
		refuse("--%s: %s is more than image %s allows (at most %s)", option, quoted(text), image.name, size_text(max))
	end
	return bytes
end

-- What the catalogue has no say in, as it does not know the image.
local function recovery_check(values)
	local prefix = vm.prefix
	local from = string.sub(values[""], 2)
	if not is_job(from) then
		refuse("--%s: %s must be IMAGE, IMAGE@REVISION or @JOB", prefix, quoted(values[""]))
	end
	local r = { "from=" .. from, "nonce=" .. values.nonce }
	for _, name in ipairs({ "disk", "scratch" }) do
		local option = prefix .. "-" .. name
		if values["-" .. name] then
			r[#r + 1] = name .. "=" .. size_text(size_bytes(option, values["-" .. name]))
		end
	end
	if values["-network"] then
		if not is_name(values["-network"]) then
			refuse("--%s-network: %s is not a name of a network", prefix, quoted(values["-network"]))
		end
		r[#r + 1] = "network=" .. values["-network"]
	end
	return r
end

-- Who is told when the VM is READY. Slurm's own mail comes when the job begins, and its records do
-- not say who asked for one: so the request does. MAIL_JOB_BEGIN is bit 0 of mail_type. "@": the owner.
local function mail_of(desc)
	local kind, user = desc.mail_type, desc.mail_user
	if kind == nil or kind >= 65534 or kind % 2 == 0 then
		return nil
	elseif user == nil or user == "" then
		return "@"
	elseif #user <= NAME_MAX and string.find(user, "^[%w._%%+@][%w._%%+@-]*$") then
		return user
	end
	slurm.log_user("slurm-vm: no mail when the virtual machine is ready: %s is no mail address", quoted(user))
	return nil
end

-- --vm-attach=data,ref:ro: named disks, which are in Ceph, and vmd's to look for. Here only that they
-- can be names, and that several machines do not all want to write one.
local ATTACH_MAX, LABEL_MAX = 8, 20
local function attach_check(option, text, desc)
	local several = desc.array_inx or (allocated(desc.min_nodes) and desc.min_nodes > 1)
	local seen, n = {}, 0
	for word in string.gmatch(text .. ",", "(.-),") do
		local name, how = string.match(word, "^([^:]*)(.*)$")
		n = n + 1
		if not is_name(name) or #name > LABEL_MAX or string.find(name, ".", 1, true) or (how ~= "" and how ~= ":ro") then
			refuse("--%s: %s must be NAME or NAME:ro of a disk (vmctl disk list)", option, quoted(word))
		elseif name == "root" or string.find(name, "^scratch%d*$") then
			refuse("--%s: %s is what a job's own disks are called", option, quoted(name))
		elseif seen[name] then
			refuse("--%s: disk %s stands there twice", option, name)
		elseif several and how == "" then
			refuse("--%s: each machine would need disk %s to write: %s:ro, or jobs one after the other", option, name, name)
		end
		seen[name] = true
	end
	if n > ATTACH_MAX then
		refuse("--%s: at most %d disks can be attached", option, ATTACH_MAX)
	end
	return text
end

-- The end of every request. machines: see nodes_check().
local function how_check(values, r, keep, desc, machines)
	local prefix = vm.prefix
	if values["-attach"] then
		r[#r + 1] = "attach=" .. attach_check(prefix .. "-attach", values["-attach"], desc)
	end
	if values["-wait"] then
		r[#r + 1] = "wait=" .. one_of(prefix .. "-wait", values["-wait"], { "ready", "running", "none" })
	end
	r[#r + 1] = "keep=" .. one_of(prefix .. "-keep", values["-keep"] or keep, { "never", "abnormal", "always" })
	if values["-on-drain"] then
		r[#r + 1] = "drain=" .. one_of(prefix .. "-on-drain", values["-on-drain"], { "migrate", "requeue", "stay" })
	end
	local mail = mail_of(desc)
	if mail then
		r[#r + 1] = "mail=" .. mail
	end
	if machines > 1 then
		r[#r + 1] = string.format("machines=%.0f", machines)
	end
	if values.shell == "no" then -- salloc --no-shell
		r[#r + 1] = "shell=no"
	end
	return table.concat(r, " ")
end

-- The request as job_spec.h writes it: fixed order, what was not asked for left out. No image: it is
-- that of a kept disk. What was recovered is kept again, whatever the end.
local function request_check(values, desc, machines)
	local prefix = vm.prefix
	if string.sub(values[""], 1, 1) == "@" then
		return nil, how_check(values, recovery_check(values), "always", desc, machines)
	end
	local images, names = catalogue_read(vm.catalogue)
	local uid, gid = desc.user_id, desc.group_id
	local name, revision = string.match(values[""], "^([^@]*)@?(.*)$")
	if not is_name(name) or (string.find(values[""], "@", 1, true) and not is_name(revision)) then
		refuse("--%s: %s must be IMAGE, IMAGE@REVISION or @JOB", prefix, quoted(values[""]))
	end
	local image = images[name]
	if not image then
		refuse("image %s: not in the catalogue (%s)", name, names_allowed(images, names, uid, gid))
	end
	if not allowed(image, uid, gid) then
		refuse("image %s: you may not use it (yours: %s)", name, names_allowed(images, names, uid, gid))
	end
	if revision == "" then
		revision = image.revisions[1]
	elseif not contains(image.revisions, revision) then
		refuse("image %s: no revision %s (%s)", name, quoted(revision), table.concat(image.revisions, ", "))
	end
	local r = { "image=" .. name, "revision=" .. revision, "nonce=" .. values.nonce }
	if values["-disk"] then
		local bytes = check_disk(prefix .. "-disk", values["-disk"], image, image.disk_max)
		if image.disk > 0 and bytes < image.disk then
			refuse("--%s-disk: %s is less than image %s needs (%s to %s)", prefix, quoted(values["-disk"]), name,
				size_text(image.disk), size_text(image.disk_max))
		end
		r[#r + 1] = "disk=" .. size_text(bytes)
	end
	if values["-scratch"] then
		r[#r + 1] = "scratch=" .. size_text(check_disk(prefix .. "-scratch", values["-scratch"], image, image.scratch_max))
	end
	local network = values["-network"] or image.networks[1]
	if values["-network"] then
		one_of(prefix .. "-network", network, image.networks)
	end
	if network then
		r[#r + 1] = "network=" .. network
	end
	return image, how_check(values, r, "abnormal", desc, machines)
end

-- the job's size

local function cpus_of(desc)
	local cpus = allocated(desc.min_cpus) and desc.min_cpus or 1
	local tasks = allocated(desc.num_tasks) and desc.num_tasks or 1
	local per_task = allocated(desc.cpus_per_task) and desc.cpus_per_task or 1
	return math.max(cpus, tasks * per_task)
end

-- Bytes on the node, or nil when it is the whole node's or unknown (vmd checks the allocation).
local function memory_of(desc, parts, cpus)
	local mib = 2 ^ 20
	local per_node, per_cpu = desc.min_mem_per_node, desc.min_mem_per_cpu
	if per_node == nil and per_cpu == nil and parts ~= nil then
		local part = desc.partition and parts[desc.partition]
		if part then
			per_node, per_cpu = part.def_mem_per_node, part.def_mem_per_cpu
		end
	end
	if per_cpu ~= nil and per_cpu > 0 then
		return per_cpu * cpus * mib
	elseif per_node ~= nil and per_node > 0 then
		return per_node * mib
	end
	return nil
end

-- How many machines: one on each node. Their number is the job's for ever, so it must be one number,
-- not "-N 1-3"; without -N it is one, whatever Slurm's own default would be ("-n 12" may be given
-- several nodes). Each node has to give the same: as many tasks, which Slurm is told to see to.
local function nodes_check(desc)
	local min = allocated(desc.min_nodes) and desc.min_nodes or 1
	local max = allocated(desc.max_nodes) and desc.max_nodes > 0 and desc.max_nodes or min
	if min ~= max then
		refuse("each node of the job gets a virtual machine, so -N must be one number, not %.0f-%.0f", min, max)
	elseif min > MACHINES_MAX then
		refuse("a job has at most %d virtual machines, not %.0f; for more submit an array", MACHINES_MAX, min)
	elseif min < 2 then
		return 1
	end
	local tasks = allocated(desc.num_tasks) and desc.num_tasks or nil
	local per_node = allocated(desc.ntasks_per_node) and desc.ntasks_per_node > 0 and desc.ntasks_per_node or nil
	if tasks and tasks % min ~= 0 or tasks and per_node and tasks ~= min * per_node then
		refuse("%.0f tasks cannot be spread evenly over %.0f nodes, and their virtual machines are of one size: -n %.0f",
			tasks, min, min * (per_node or 1))
	end
	return min, per_node or tasks and tasks / min or 1
end

local function size_check(image, desc, parts, machines)
	local cpus = math.ceil(cpus_of(desc) / machines)
	if not image then
		return -- of a kept disk: vmd knows it
	end
	if image.cpus_max > 0 and cpus > image.cpus_max then
		refuse("%.0f CPUs are more than image %s allows (-c 1 to %.0f)", cpus, image.name, image.cpus_max)
	end
	local memory = memory_of(desc, parts, cpus)
	local memory_min = image.memory_min + (cpus - 1) * CPU_OVERHEAD
	if memory and memory < memory_min then
		refuse("%.0fM of memory are too few for image %s: at least --mem=%.0fM (guest and overhead)",
			memory / 2 ^ 20, image.name, math.ceil(memory_min / 2 ^ 20))
	end
end

-- what is written into the job

-- desc.gres takes a list without "gres:" (22.05) or "gres/" (later), and gives one with it.
local function gres_with_vm(gres)
	local entries = {}
	for entry in string.gmatch(gres or "", "[^,]+") do
		entry = string.gsub(entry, "^gres[:/]", "")
		if string.match(entry, "^[^:=]*") == "vm" then
			if (string.match(entry, "[:=](.*)$") or "1") ~= "1" then
				refuse("--gres=%s: a job has one virtual machine", entry)
			end
		else
			entries[#entries + 1] = entry
		end
	end
	entries[#entries + 1] = "vm:1"
	return table.concat(entries, ",")
end

local function comment_with_request(comment, request)
	local text = "slurm-vm{" .. request .. "}"
	if comment == nil or comment == "" then
		return text
	end
	-- whatever stands in such braces is ours
	comment = string.gsub(comment, "%s*slurm%-vm{[^}]*}?", "")
	return comment == "" and text or comment .. " " .. text
end

local function checked_submit(desc, parts)
	local values = request_read(desc.spank_job_env)
	if not values then
		if desc.admin_comment and string.find(desc.admin_comment, "slurm-vm{", 1, true) then
			refuse("admin_comment: slurm-vm{...} belongs to slurm-vm; use --%s=IMAGE", vm.prefix)
		end
		return
	end
	if allocated(desc.het_job_offset) then
		refuse("a virtual machine cannot be part of a heterogeneous job: submit it as a job of its own, beside the other")
	end
	if desc.array_inx and string.sub(values[""], 1, 1) == "@" then
		refuse("--%s=%s in a job array: the kept disk is one, and each task would need it", vm.prefix,
			quoted(values[""]))
	end
	local machines, tasks_per_node = nodes_check(desc)
	local image, request = request_check(values, desc, machines)
	size_check(image, desc, parts, machines)
	desc.min_nodes, desc.max_nodes = machines, machines
	if machines > 1 then
		desc.ntasks_per_node = tasks_per_node
	end
	if vm.add_gres then
		desc.gres = gres_with_vm(desc.gres)
	end
	desc.admin_comment = comment_with_request(desc.admin_comment, request)
	slurm.log_info("slurm-vm: user=%.0f request=\"%s\"", desc.user_id, request)
end

-- The owner may change much of a pending job, but not what its VM was checked for.
local function checked_modify(desc, job, parts, uid)
	local comment = job.admin_comment
	if comment == nil or uid == 0 or uid ~= job.user_id then
		return
	end
	local request = string.match(comment, "slurm%-vm{([^}]*)}")
	if not request then
		return
	end
	if desc.admin_comment ~= nil then
		refuse("AdminComment of a job with a virtual machine cannot be changed")
	end
	if desc.gres ~= nil and desc.gres ~= "" then
		refuse("Gres of a job with a virtual machine cannot be changed")
	end
	local machines = tonumber(string.match(request, "machines=(%d+)")) or 1
	for _, nodes in ipairs({ desc.min_nodes, desc.max_nodes }) do
		if allocated(nodes) and nodes ~= 0 and nodes ~= machines then
			refuse("the job has %.0f virtual machine%s, one on each of its nodes: their number cannot be changed", machines,
				machines == 1 and "" or "s")
		end
	end
	local changes = allocated(desc.min_cpus) or allocated(desc.cpus_per_task) or allocated(desc.num_tasks) or desc.min_mem_per_node ~= nil
		or desc.min_mem_per_cpu ~= nil
	if changes then
		local images = catalogue_read(vm.catalogue)
		local image = images[string.match(request, "image=([^ ]+)") or ""]
		if image then
			size_check(image, desc, nil, machines)
		end
	end
end

-- Runs a check; every way it can end badly is a refusal with this code.
local function guarded(what, code, check, ...)
	local ok, problem = pcall(check, ...)
	if ok then
		return slurm.SUCCESS
	end
	if getmetatable(problem) == Refusal then
		slurm.log_user("slurm-vm: %s", problem.text)
	else
		slurm.log_error("slurm-vm: %s: %s", what, tostring(problem))
		slurm.log_user("slurm-vm: the request could not be checked; tell your administrator")
	end
	return code
end

-- SUCCESS at once for a job without --vm.
function vm.submit(desc, parts, uid)
	return guarded("submit", slurm.ERROR, checked_submit, desc, parts, uid)
end

-- Slurm 22.05 does not show the owner a message here (it goes to slurmctld's log), only the code's text.
function vm.modify(desc, job, parts, uid)
	return guarded("modify", slurm.ESLURM_ACCESS_DENIED or slurm.ERROR, checked_modify, desc, job, parts, uid)
end

-- As Slurm's own job_submit.lua. A site's file defines its own after dofile().
if slurm_job_submit == nil and slurm_job_modify == nil then
	function slurm_job_submit(desc, parts, uid)
		return vm.submit(desc, parts, uid)
	end
	function slurm_job_modify(desc, job, parts, uid)
		return vm.modify(desc, job, parts, uid)
	end
end

return vm
