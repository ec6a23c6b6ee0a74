-- SPDX-License-Identifier: GPL-2.0-or-later
-- usage: lua job_submit_fuzz.lua PATH/job_submit.lua CASES SEED [SPECS]
-- Random SPANK environments, valid ones with a piece that is wrong and plain noise, through
-- job_submit.lua: each job is refused with a text for the user, or gets one request of a bounded size;
-- no case may end in a runtime error of the script. The requests that were written go to the file SPECS, a
-- line each, for the decoder in C (job_submit.t).

local module, cases, seed, specs = arg[1], tonumber(arg[2]), tonumber(arg[3]), arg[4]
local ctld = dofile(string.match(arg[0], "^(.*/)") .. "slurmctld.lua")
local OPT = ctld.OPT
ctld.load(module)

-- The same numbers under every Lua.
local state = seed % 2147483647
if state == 0 then
	state = 1
end
local function lot(below)
	state = state * 16807 % 2147483647
	return state % below
end

local GOOD = ctld.HEAD .. ctld.TINY .. ctld.EXAM

local values = {
	[""] = { "tiny", "tiny@v1", "tiny@v2", "exam", "nothing", "tiny@", "@v1", "" },
	_disk = { "20G", "1024M", "1T", "0", "-1", "1e9", "20GB", "" },
	_scratch = { "1G", "512", "99999999999999999999G", "G" },
	_network = { "lan", "dmz", "wan", "lan,dmz", "" },
	_attach = { "data", "data,ref:ro", "root", "data:rw", "", "a,a", "," },
	_wait = { "ready", "running", "none", "no" },
	_keep = { "always", "never", "abnormal", "perhaps" },
	_on_drain = { "migrate", "requeue", "stay", "go" },
}
local names = { "", "_disk", "_scratch", "_network", "_attach", "_wait", "_keep", "_on_drain" }
local noise = { "}", "{", " ", "=", "\t", "\n", "\0", "%", "'", "\"", "\\", "\255", "slurm-vm{", "image=", "nonce=", "@", ",", "\226\130\172" }

-- One piece of text goes wrong: a bit of noise put in, a part cut out or repeated.
local function spoiled(s)
	local at = lot(#s + 1)
	local kind = lot(4)
	if kind == 0 then
		return string.sub(s, 1, at) .. noise[lot(#noise) + 1] .. string.sub(s, at + 1)
	elseif kind == 1 then
		return string.sub(s, 1, at)
	elseif kind == 2 then
		return s .. string.rep(s, lot(40))
	end
	return string.sub(s, 1, at) .. string.char(lot(256)) .. string.sub(s, at + 2)
end

local function perhaps_spoiled(s)
	return lot(6) == 0 and spoiled(s) or s
end

local function environment()
	local env, n = {}, 0
	local function add(entry)
		env[n] = entry
		n = n + 1
	end
	for _, name in ipairs(names) do
		if name == "" and lot(20) ~= 0 or name ~= "" and lot(3) == 0 then
			local list = values[name]
			add(perhaps_spoiled((lot(2) == 0 and "SPANK_" or "") .. OPT .. name .. "=" .. list[lot(#list) + 1]))
		end
	end
	if lot(12) ~= 0 then
		add(perhaps_spoiled(ctld.NONCE))
	end
	for _ = 1, lot(3) do
		add(spoiled("_SLURM_SPANK_OPTION_other_x=" .. noise[lot(#noise) + 1]))
	end
	return env
end

local function job()
	local addresses = { "alice", "al.ice+x_y%z@example.org", "-s x", "a b", string.rep("a", 63), string.rep("a", 64) }
	local comments = { "site=1", "a slurm-vm{image=win11 nonce=0} b", "slurm-vm{", "}" }
	return ctld.job({
		user_id = 7001 + lot(3), min_nodes = 1 + lot(2), min_cpus = 1 + lot(4), min_mem_per_node = lot(4) * 512,
		mail_type = lot(4), mail_user = lot(3) ~= 0 and perhaps_spoiled(addresses[lot(#addresses) + 1]) or nil,
		spank_job_env = environment(),
		admin_comment = lot(3) == 0 and perhaps_spoiled(comments[lot(#comments) + 1]) or nil,
	})
end

local out = specs and assert(io.open(specs, "wb"))
local accepted = 0
for i = 1, cases do
	if i % 500 == 1 then
		ctld.catalogue_write(lot(4) == 0 and string.sub(GOOD, 1, lot(#GOOD)) or GOOD) -- vmd writes it: cut at worst
	end
	local desc = job()
	local before = desc.admin_comment
	ctld.quiet()
	local rc = slurm_job_submit(desc, {}, 7001)
	local wrong
	-- A catalogue that cannot be read is said without a position in the script.
	if ctld.failure and string.find(ctld.failure, "job_submit%.lua:%d+:") then
		wrong = "the script failed: " .. ctld.failure
	elseif rc == slurm.SUCCESS and desc.admin_comment ~= before then
		local request = string.match(desc.admin_comment, "slurm%-vm{([^{}]*)}")
		local _, count = string.gsub(desc.admin_comment, "slurm%-vm{", "")
		if not request or count ~= 1 or #request > 1024 or string.find(request, "[^\32-\126]") then
			wrong = "written: " .. desc.admin_comment
		end
		accepted = accepted + 1
		if out then
			out:write(request or "", "\n")
		end
	elseif rc ~= slurm.SUCCESS and (ctld.said == nil or string.find(ctld.said, "[^\32-\126]")) then
		wrong = "refused without a text, or with one that is not plain: " .. tostring(ctld.said)
	end
	if wrong then
		print(string.format("FAILED: seed %d, case %d: %s", seed, i, wrong))
		os.remove(ctld.catalogue)
		os.exit(1)
	end
end
if out then
	out:close()
end
os.remove(ctld.catalogue)
print(string.format("ok: %d cases of seed %d, %d accepted", cases, seed, accepted))
os.exit(accepted > 0 and 0 or 1)
