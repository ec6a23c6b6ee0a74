/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts for a Windows guest with OpenSSH's server, all PowerShell 5.1. What sshd starts ends with
 * its connection (they share a job object), so the script is started by WMI, which has no part in
 * that.
 *
 * Not tried on Windows yet: only the texts are tested, and that they are well-formed, by a reader
 * of PowerShell's grammar (tests/unit/powershell.h) and, once, by tree-sitter's (0.26.4: no error).
 */
#include "vmd/base/str.h"
#include "vmd/vmctl/quote.h"
#include "vmd/vmrun/guest_text.h"

static const char *const files[] = {[RUN_POWERSHELL] = "script.ps1",
				    [RUN_CMD] = "script.cmd",
				    [RUN_SH] = "script.sh",
				    [RUN_PYTHON] = "script.py"};

static void head(const struct script *s, struct strbuf *b)
{
	strbuf_addf(b, "$ErrorActionPreference='Stop'\n$d=\"$env:USERPROFILE\\.slurm-vm\\%s\"\n",
		    s->key);
}

static int encode(struct strbuf *b, struct strbuf *ret, struct err *e)
{
	return b->overflow ? err_set(e, ERR_INVALID, "the command is too long")
			   : quote_encoded(b->s, ret, e);
}

void windows_variable(const char *name, size_t len, const char *value, struct strbuf *ret)
{
	strbuf_addf(ret, "$env:%.*s=", (int)len, name);
	quote_powershell(ret, value);
	strbuf_add(ret, "\r\n", 2);
}

static const char *file_of(const struct script *s, const char *name)
{
	return str_eq(name, "script") ? files[s->with] : "env.ps1";
}

int windows_store(const struct script *s, const char *name, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};

	head(s, &b);
	strbuf_addf(&b,
		    "$null=New-Item -ItemType Directory -Force $d\n"
		    "$i=[Console]::OpenStandardInput()\n"
		    "if(Test-Path \"$d\\started\"){$i.CopyTo([IO.Stream]::Null);exit 0}\n"
		    "$f=[IO.File]::Create(\"$d\\new\")\n$i.CopyTo($f);$f.Close()\n"
		    "Move-Item -Force \"$d\\new\" \"$d\\%s\"\n",
		    file_of(s, name));
	return encode(&b, ret, e);
}

/* How the interpreter is called with the script; $a are its arguments. */
static const char *call_of(enum interpreter with)
{
	switch (with) {
	case RUN_POWERSHELL:
		return "powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass -File "
		       "`\"$d\\script.ps1`\" $a";
	case RUN_CMD: return "`\"$d\\script.cmd`\" $a"; /* in that cmd itself */
	case RUN_SH: return "sh.exe `\"$d\\script.sh`\" $a";
	case RUN_PYTHON: return "python.exe `\"$d\\script.py`\" $a";
	}
	return "";
}

/* run.ps1 in the guest: sets the variables, runs the interpreter with its output into a file,
 * writes the exit code down. cmd does the redirection: it passes bytes on as they are. */
static int run_text(const struct script *s, char *const *argv, struct strbuf *run, struct err *e)
{
	AUTO(strbuf_done) struct strbuf arguments = {.s = NULL};

	if (quote_arguments(argv, s->with == RUN_CMD ? QUOTE_BATCH : QUOTE_IN_CMD, &arguments, e) <
	    0)
		return -1;
	head(s, run);
	strbuf_addf(run, "Set-Location $env:USERPROFILE\nif(Test-Path \"$d\\env.ps1\"){. "
			 "\"$d\\env.ps1\"}\n$a=");
	quote_powershell(run, arguments.s ? arguments.s : "");
	strbuf_addf(run,
		    "\n$i=New-Object Diagnostics.ProcessStartInfo\n$i.FileName='cmd.exe'\n"
		    "$i.Arguments=\"/d /s /c `\"%s >`\"$d\\out`\" 2>&1`\"\"\n"
		    "$i.UseShellExecute=$false\n$p=[Diagnostics.Process]::Start($i)\n"
		    "Set-Content \"$d\\pid\" $p.Id\n$p.WaitForExit()\n"
		    "Set-Content \"$d\\code.new\" $p.ExitCode\n"
		    "Move-Item -Force \"$d\\code.new\" \"$d\\code\"\n",
		    call_of(s->with));
	return 0;
}

int windows_start(const struct script *s, char *const *argv, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};
	AUTO(strbuf_done) struct strbuf run = {.s = NULL};

	if (run_text(s, argv, &run, e) < 0)
		return -1;
	head(s, &b);
	strbuf_addf(&b,
		    "if(!(Test-Path \"$d\\%s\")){exit 1}\n"
		    "try{$null=New-Item -ItemType Directory \"$d\\started\"}catch{exit %d}\n"
		    "Set-Content -Encoding UTF8 \"$d\\run.ps1\" ",
		    files[s->with], SCRIPT_THERE);
	quote_powershell(&b, run.s);
	strbuf_addf(
		&b,
		"\n$r=Invoke-CimMethod -ClassName Win32_Process -MethodName Create -Arguments "
		"@{CommandLine=\"powershell.exe -NoProfile -NonInteractive -ExecutionPolicy Bypass "
		"-File `\"$d\\run.ps1`\"\"}\n"
		"Set-Content \"$d\\runner\" $r.ProcessId\nexit $r.ReturnValue\n");
	return encode(&b, ret, e);
}

int windows_follow(const struct script *s, uint64_t at, unsigned halves, struct strbuf *ret,
		   struct err *e)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};

	head(s, &b);
	strbuf_addf(
		&b,
		"$n=%lluL;$o=[Console]::OpenStandardOutput();$k=0\n"
		"while($true){\n$end=-1;if(Test-Path \"$d\\code\"){$end=0}\n"
		"elseif((Test-Path \"$d\\runner\")-and !(Get-Process -ErrorAction Ignore -Id "
		"(Get-Content \"$d\\runner\"))){if(Test-Path \"$d\\code\"){$end=0}else{$end=%d}}\n"
		"elseif(!(Test-Path \"$d\\runner\")-and $k -gt 20){$end=%d}\n"
		"if(Test-Path \"$d\\out\"){\n"
		"$f=[IO.File]::Open(\"$d\\out\",'Open','Read','ReadWrite');$null=$f.Seek($n,0)\n"
		"$f.CopyTo($o);$o.Flush();$n=$f.Position;$f.Close()}\n"
		"if($end -ge 0){exit $end}\n$k++;if($k -eq %u){exit %d}\n"
		"Start-Sleep -Milliseconds 500}\n",
		(unsigned long long)at, SCRIPT_LOST, SCRIPT_LOST, halves, SCRIPT_RUNS);
	return encode(&b, ret, e);
}

int windows_code(const struct script *s, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};

	head(s, &b);
	strbuf_addf(&b, "Get-Content \"$d\\code\"\n");
	return encode(&b, ret, e);
}

int windows_stop(const struct script *s, struct strbuf *ret, struct err *e)
{
	AUTO(strbuf_done) struct strbuf b = {.s = NULL};

	head(s, &b);
	strbuf_addf(&b, "taskkill.exe /t /f /pid (Get-Content \"$d\\pid\")\nexit $LASTEXITCODE\n");
	return encode(&b, ret, e);
}
