/* SPDX-License-Identifier: GPL-2.0-or-later */
/* vmctl as people run it, against the real server with a made-up world: arguments, output, exit
 * codes. Needs munged; run as root it asks as another account, too. */
#include "tests/unit/private_munge.h"
#include "tests/unit/vmctl_world.h"
#include "vmd/base/str.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>

static uint32_t alice; /* who asks */
static uint16_t port;  /* of vmd */

static void setup(void)
{
	port = vmctl_world_start(munge.socket, alice);
}

static char conf[128];

static void conf_write(const char *extra)
{
	FILE *f;

	(void)snprintf(conf, sizeof(conf), "%s/cache", munge.dir);
	ck_assert(mkdir(conf, 0700) == 0 || errno == EEXIST);
	ck_assert_int_eq(chmod(conf, 0777), 0);
	(void)snprintf(conf, sizeof(conf), "%s/conf", munge.dir);
	f = fopen(conf, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "# vmctl's settings\n\n vmd = 127.0.0.1:%u \nvmd_user=%u\nmunge_socket=%s\n%s",
		port, (unsigned)geteuid(), munge.socket, extra);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(conf, 0644), 0);
}

static char out[65536], err[65536];

static void collect(int fd, char *text)
{
	ssize_t n = pread(fd, text, sizeof(out) - 1, 0);

	ck_assert_int_ge(n, 0);
	text[n] = '\0';
	close(fd);
}

/* Slurm's commands, made up: they write down how they were called. */
static void slurm_write(const char *name, const char *body)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", munge.dir, name);
	f = fopen(path, "w");
	ck_assert_ptr_nonnull(f);
	fprintf(f, "#!/bin/sh\nprintf '%%s|' \"$@\" >&2\n%s\n", body);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(chmod(path, 0755), 0);
}

/* Of ssh and scp: shows the key that it was given (the operand of -i), ends with 7. */
#define GUEST_PROGRAM "echo >&2; while [ \"$1\" != -i ]; do shift; done; /bin/cat \"$2\"; exit 7"

/* Slurm's accounting, of jobs that slurmctld has forgotten; 90 was the first run of each. */
static void books_write(void)
{
	char body[2000];

	(void)snprintf(
		body, sizeof(body),
		"line() { printf "
		"'%%s\\037%%s\\037%%s\\037al\\037a|b\\037%%s\\0370:0\\037t1\\037t2\\037n1\\037%%"
		"s\\n' "
		"\"$@\"; }\n"
		"vm='image=tiny revision=v1 nonce=" VMCTL_NONCE "'\n"
		"case $5 in\n"
		"91*) line 90 90 %u PREEMPTED \"slurm-vm{$vm}\"\n"
		"line 91 $5 %u FAILED \"the site's slurm-vm{$vm state=failed reason=\\\"disk "
		"full\\\"}\";;\n"
		"92) line 92 92 %u COMPLETED \"slurm-vm{$vm state=ready}\";;\n"
		"93) line 93 93 %u RUNNING '';;\n"
		"94) exit 1;;\n"
		"95) line 95 95 %u FAILED \"slurm-vm{$vm machines=2 state1=failed reason1=\\\"its "
		"image is "
		"gone\\\"}\";;\n"
		"96) line 96 96 %u FAILED 'slurm-vm{image=}';;\n"
		"esac",
		alice, alice, 4242U, alice, alice, alice);
	slurm_write("sacct", body);
}

/* One that runs. */
struct run {
	pid_t pid;
	int out, err;
};

static const char *display; /* if it runs on one */
static int terminal = -1;   /* what it reads, if there is one */

/* args: separated by blanks. As alice, or as root. */
static struct run vmctl_start(const char *args, bool as_root, const char *job_id)
{
	char name[] = "vmctl", line[512], *argv[24] = {name}, *rest = line;
	int o = memfd_create("out", MFD_CLOEXEC), e = memfd_create("err", MFD_CLOEXEC);
	int program = open("vmctl", O_PATH | O_CLOEXEC);
	int nothing = open("/dev/null", O_RDONLY | O_CLOEXEC);
	char conf_env[160], job_env[32] = "NONE=", display_env[32] = "NO=";
	char path_env[160], cache_env[160];
	char *env[] = {conf_env, job_env, path_env, cache_env, display_env, NULL};
	pid_t pid;

	(void)snprintf(cache_env, sizeof(cache_env), "XDG_CACHE_HOME=%s/cache", munge.dir);
	(void)snprintf(path_env, sizeof(path_env), "PATH=%s:/bin", munge.dir);
	(void)snprintf(conf_env, sizeof(conf_env), "VMCTL_CONF=%s", conf);
	if (job_id)
		(void)snprintf(job_env, sizeof(job_env), "SLURM_JOB_ID=%s", job_id);
	if (display)
		(void)snprintf(display_env, sizeof(display_env), "DISPLAY=%s", display);
	ck_assert_int_ge(program, 0);
	ck_assert_int_eq(str_copy(line, sizeof(line), args), 0);
	for (int i = 1; i < 23 && (argv[i] = strsep(&rest, " ")); i++)
		;
	ck_assert_int_ge(nothing, 0);
	pid = fork(); /* the server is a thread: between here and exec, system calls only */
	if (pid == 0) {
		dup2(terminal >= 0 ? terminal : nothing, STDIN_FILENO);
		dup2(o, STDOUT_FILENO);
		dup2(e, STDERR_FILENO);
		if (!as_root && alice != geteuid() && (setgid(alice) < 0 || setuid(alice) < 0))
			_exit(99);
		if (chdir(cache_env + strlen("XDG_CACHE_HOME=")) < 0) /* where it writes */
			_exit(97);
		fexecve(program, argv, env);
		_exit(98);
	}
	close(program);
	close(nothing);
	return (struct run){.pid = pid, .out = o, .err = e};
}

static int vmctl_end(const struct run *r)
{
	int status;

	ck_assert_int_eq(waitpid(r->pid, &status, 0), r->pid);
	collect(r->out, out);
	collect(r->err, err);
	ck_assert(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static int vmctl(const char *args, bool as_root, const char *job_id)
{
	struct run r = vmctl_start(args, as_root, job_id);

	return vmctl_end(&r);
}

/* A call, since clang-format 14 dies of aligning a table with rows of several lines. */
#define ROW(...)                                                                                   \
	{                                                                                          \
		__VA_ARGS__                                                                        \
	}
static const struct {
	const char *args;
	bool as_root;
	const char *job_id; /* SLURM_JOB_ID */
	int code;
	const char *out, *err; /* what is in there */
	const char *not_out;
} rows[] = {
	ROW("list", false, NULL, 0, "17          render   alice  tiny   READY", "", "bob"),
	ROW("list", false, NULL, 0, "JOB         NAME     USER   IMAGE  STATE", "", "STOPPED"),
	ROW("list --stopped", false, NULL, 0, "STOPPED", "", NULL),
	ROW("list", false, NULL, 0, "disk full?[2J", "", "\033"),
	ROW("list --all", false, NULL, 4, "", "only root and SlurmUser", NULL),
	ROW("list -a", true, NULL, 0, "18          bobs     bob    tiny   BOOTING       0:03", "",
	    NULL),
	ROW("list --json", false, NULL, 0, "\"vm\": \"vm-17-" VMCTL_NONCE "-r0\"", "", "bob"),
	ROW("show 17", false, NULL, 0, "State     READY for 0:03\n", "", NULL),
	ROW("show 17", false, NULL, 0, "History   PENDING 0:00, READY 0:07\n", "", NULL),
	ROW("show 17", false, NULL, 0, "Address   192.168.172.57\n", "", NULL),
	ROW("show 17", false, NULL, 0,
	    "The guest answers at 192.168.172.57 on worker1node. To get in: vmctl ssh 17", "",
	    NULL),
	ROW("show 19", false, NULL, 0, "waits in Slurm's queue: disk full?[2J. When Slurm thinks",
	    "", "\033"),
	ROW("show 22", false, NULL, 0, "is being made on worker1node: cloning. To be told", "",
	    NULL),
	ROW("show 28", false, NULL, 0,
	    "answers at 192.168.172.57 on worker1node; it moves: no room yet. To get in: vmctl ssh",
	    "", NULL),
	ROW("show 29", false, NULL, 0,
	    "gone: its root disk is kept. To go on from that disk: vmctl recover 29. How", "",
	    NULL),
	ROW("show 12", false, NULL, 0,
	    "The job waits in Slurm's queue (Slurm: Priority). When Slurm thinks", "", NULL),
	ROW("show 12_3", false, NULL, 0, "Job       24 of alice, array task 12_3\n", "", NULL),
	ROW("show 12_5", false, NULL, 3, "", "these wait in the queue: 12_[4-7%2]", NULL),
	ROW("show 12_", false, NULL, 3, "", "is called '12_'", NULL),
	ROW("list", false, NULL, 0, "12_[4-7%2]  sweep    alice  tiny   PENDING", "", NULL),
	ROW("stop --timeout=1 12", false, NULL, 7, "", "12|--state=PENDING|", NULL),
	ROW("stop --now 12_3", false, NULL, 0, "", "12_3|", NULL),
	ROW("show 20", false, NULL, 0,
	    "over, and its virtual machine gone. How the job ended: sacct -j 20", "", NULL),
	ROW("show 30", false, NULL, 0, "The job ends: disk full: no Ceph. There is nothing to do",
	    "", NULL),
	ROW("show --json 17", false, NULL, 0, "\"address\": \"192.168.172.57\"", "", NULL),
	ROW("show", false, "17", 0, "Job       17 of alice", "", NULL),
	ROW("show vm-21-" VMCTL_NONCE "-r0", false, NULL, 0, "Job       21 of alice", "", NULL),
	ROW("show render", false, NULL, 0, "Job       17 of alice\nName      render\n", "", NULL),
	ROW("show old", false, NULL, 0, "Job       20 of alice", "", NULL),
	ROW("show twins", false, NULL, 2, "",
	    "2 jobs are called 'twins', say which: 21 (twins, PENDING), 22 (twins, ", NULL),
	ROW("wait twins", false, NULL, 2, "", "say which: 21 (twins, ", NULL),
	ROW("show bobs", false, NULL, 3, "", "is called 'bobs'", NULL),
	ROW("show bobs", true, NULL, 0, "Job       18 of bob", "", NULL),
	ROW("show 18", false, NULL, 4, "", "job 18 belongs to another user", NULL),
	ROW("show 18", true, NULL, 0, "Job       18 of bob", "", NULL),
	ROW("wait --timeout=1 99", false, NULL, 7, "",
	    "job 99  UNKNOWN: vmd knows no virtual machine of it yet, and asks Slurm for one\n",
	    NULL),
	ROW("wait --timeout=1 99", false, NULL, 7, "",
	    "vmctl: the VM of job 99 is not ready after 1 s\nIf it has not started: without "
	    "job_submit.lua vmd hears of a job when it does: squeue -j 99; then: vmctl wait 99\n",
	    NULL),
	ROW("password --print 99", false, NULL, 3, "", "what is known of it: vmctl show 99\n",
	    NULL),
	ROW("show 99", false, NULL, 3, "", "vmctl: there is no job 99, as far as Slurm's daemon",
	    NULL),
	ROW("show 99", false, NULL, 3, "",
	    "-XnP|--delimiter=\037|--format=JobIDRaw,JobID,UID,User,JobName,State,ExitCode,Start,"
	    "End,"
	    "NodeList,AdminComment|-j|99|",
	    NULL),
	ROW("show 91", false, NULL, 0,
	    "The job has ended (FAILED), and Slurm's daemon has forgotten it; this is from its "
	    "accounting. Its virtual machine could not become ready: disk full. More: sacct -j 91",
	    "", NULL),
	ROW("show 91", false, NULL, 0, "Name      a|b\nState     FAILED\nReason    disk full\n", "",
	    NULL),
	ROW("show 91 --json", false, NULL, 0, "\"reason\": \"disk full\"", "", NULL),
	ROW("show 91_3", false, NULL, 0, "array task 91_3\n", "", NULL),
	ROW("show 92", false, NULL, 4, "", "job 92 belongs to another user", NULL),
	ROW("show 92", true, NULL, 0, "State     STOPPED\n", "", "could not become"),
	ROW("show 93", false, NULL, 3, "", "it was submitted without --vm, and is RUNNING\n", NULL),
	ROW("show 94", false, NULL, 5, "", "its accounting does not answer (see above)", NULL),
	ROW("show 95", false, NULL, 0, "Reason    machine 1: its image is gone\n", "", NULL),
	ROW("show 96", false, NULL, 2, "", "AdminComment of job 96: ", NULL),
	ROW("show vm-99", false, NULL, 3, "",
	    "no VM and no job of yours with a VM is called 'vm-99'", NULL),
	ROW("show", false, NULL, 2, "",
	    "say which job: 12 (sweep, PENDING), 17 (render, READY), 19 (failing, PENDING), 21 "
	    "(twins, PENDING)",
	    NULL),
	ROW("show", false, "99", 2, "", "say which job: 12 (sweep, ", NULL),
	ROW("show", true, "17", 0, "Job       17 of alice", "", NULL),
	ROW("--json show 17", false, NULL, 0, "\"job\": 17", "", NULL),
	ROW("show", true, NULL, 3, "", "you have no VM", NULL),
	ROW("start", false, NULL, 2, "", "name the image first", NULL),
	ROW("start -c 2 tiny", false, NULL, 2, "", "name the image first", NULL),
	ROW("list --kept", false, NULL, 0, "  tiny@v1  2G    2", "", "4242"),
	ROW("list --kept --all", true, NULL, 0, "26   4242 ", "", NULL),
	ROW("list --kept --all", false, NULL, 4, "", "only root and SlurmUser", NULL),
	ROW("list --kept --json", false, NULL, 0, "\"limit_s\": 3601", "", NULL),
	ROW("discard", false, NULL, 2, "", "say which job's", NULL),
	ROW("discard 25", false, NULL, 2, "",
	    "vmctl: nothing done; without a terminal it takes --yes\n", NULL),
	ROW("discard --yes 99", false, NULL, 3, "",
	    "vmctl: no disk is kept of job 99: vmctl list --kept\n", NULL),
	ROW("disk delete --yes nix", false, NULL, 3, "",
	    "there is no disk nix; see: vmctl disk list\n", NULL),
	ROW("discard --kept 25", false, NULL, 2, "", "does not belong to 'discard'", NULL),
	ROW("recover", false, NULL, 2, "", "say which job's", NULL),
	ROW("recover x", false, NULL, 2, "", "'x' is no job's id", NULL),
	ROW("recover 99", false, NULL, 3, "", "no disk of job 99 is kept, or not any more", NULL),
	ROW("recover 18", false, NULL, 4, "", "belongs to another user", NULL),
	ROW("recover 22", false, NULL, 1, "",
	    "job 22 has not ended: its VM is PROVISIONING; it ends by: vmctl stop 22\n", NULL),
	ROW("recover 25 --no-wait -c 4", false, NULL, 0, "21\n",
	    "|--job-name=recovered-25|--cpus-per-task=2|--mem=512M|--time=61|-c|4|--vm=@"
	    "25-" VMCTL_NONCE "|",
	    NULL),
	ROW("recover 25 --no-wait", false, NULL, 0, "21\n",
	    "job 25 (image tiny@v1, 2G) is the new job's", NULL),
	ROW("recover 25 --no-wait --json", false, NULL, 0, "{\"job\": 21}\n", "", NULL),
	ROW("recover --help", false, NULL, 0, "sbatch's", "", NULL),
	ROW("start tiny --disk", false, NULL, 2, "", "--disk needs a value", NULL),
	ROW("start tiny --no-wait=1", false, NULL, 2, "", "--no-wait takes no value", NULL),
	ROW("start tiny --array=0-3", false, NULL, 2, "", "sbatch --array", NULL),
	ROW("start tiny -a 0-3", false, NULL, 2, "", "sbatch --array", NULL),
	ROW("start tiny --timeout soon", false, NULL, 2, "", "not a time", NULL),
	ROW("start --help", false, NULL, 0, "--scratch=SIZE", "", NULL),
	ROW("start tiny@v1 -c 2 --no-wait --disk 2G --keep --on-drain stay --name=desk --mem 1G",
	    false, NULL, 0, "21\n",
	    "--parsable|--requeue|--output=/dev/null|--job-name=tiny|--wrap=exec sleep "
	    "infinity|-c|2|--job-name=desk|--mem|1G|--vm-disk=2G|--vm-keep=always|--vm-on-drain="
	    "stay|--vm=tiny@v1|",
	    "17"),
	ROW("start tiny --no-wait --json", false, NULL, 0, "{\"job\": 21}\n", "", NULL),
	ROW("start tiny", false, NULL, 0, "Job 21 has a virtual machine at 192.168.172.57\n",
	    "job 21  READY", NULL),
	ROW("start tiny --json", false, NULL, 0, "\"state\": \"READY\"", "", NULL),
	ROW("start refused", false, NULL, 1, "", "sbatch refused the job (see above)", NULL),
	ROW("start rubbish", false, NULL, 1, "", "sbatch told no job id, but 'what?'", NULL),
	ROW("migrate 17", false, NULL, 0, "job 17 runs on worker3node", "", NULL),
	ROW("migrate render --to=worker2node --json", false, NULL, 0, "\"node\": \"worker2node\"",
	    "", NULL),
	ROW("migrate 17 --to=worker1node", false, NULL, 2, "", "job 17 is on worker1node", NULL),
	ROW("migrate 18", false, NULL, 4, "", "belongs to another user", NULL),
	ROW("migrate 17 --to=a/b", false, NULL, 2, "", "is no name of a node", NULL),
	ROW("migrate 17 --cancel", false, NULL, 0, "", "", NULL),
	ROW("stop 17", false, NULL, 0, "", "job 17  STOPPED", NULL),
	ROW("stop render --json", false, NULL, 0, "\"state\": \"STOPPED\"", "", NULL),
	ROW("stop 18", false, NULL, 4, "", "belongs to another user", NULL),
	ROW("stop 20", false, NULL, 0, "", "job 20  STOPPED", NULL),
	ROW("stop --timeout=1 --now 22", false, NULL, 7, "", "22|", NULL),
	ROW("stop --timeout=1 21", false, NULL, 7, "", "21|", NULL),
	ROW("exec 17", false, NULL, 2, "", "vmctl exec [JOB] -- COMMAND", NULL),
	ROW("exec 17 true", false, NULL, 2, "", "stands behind --", NULL),
	ROW("exec 17 ls -l", false, NULL, 2, "",
	    "what is for the guest stands behind --\nTry: vmctl exec --help\n", NULL),
	ROW("ssh 17 ls -a", false, NULL, 2, "",
	    "--all does not belong to 'ssh'; what is for the guest stands behind --\n", NULL),
	ROW("exec 19 -- true", false, NULL, 1, "", "the VM of job 19 is PENDING", NULL),
	ROW("exec 20 -- true", false, NULL, 1, "", "try: vmctl show 20", NULL),
	ROW("exec 18 -- true", false, NULL, 4, "", "belongs to another user", NULL),
	ROW("exec 17 -- a 'b", false, NULL, 7, "THE KEY\n", "|-T|user@192.168.172.57|'a' ''\\''b'|",
	    NULL),
	ROW("ssh 17", false, NULL, 7, "THE KEY\n", "|user@192.168.172.57|\n", NULL),
	ROW("ssh 17 -- ls -l", false, NULL, 7, "", "|user@192.168.172.57|'ls' '-l'|", NULL),
	ROW("ssh 17 -- ls", false, NULL, 7, "", "-oHostKeyAlias=vm-17-" VMCTL_NONCE "|", NULL),
	ROW("cp /etc/hosts 17:/there", false, NULL, 7, "",
	    "|-pr|/etc/hosts|user@192.168.172.57:/there|", NULL),
	ROW("cp /etc/hosts 17:/there", false, NULL, 7, "",
	    "is there room where it goes, and may it be written there? In the guest: vmctl ssh "
	    "17\n",
	    NULL),
	ROW("cp render:x -y", false, NULL, 2, "", "does not belong to 'cp'", NULL),
	ROW("cp render:x /tmp/a:b", false, NULL, 7, "", "|user@192.168.172.57:x|/tmp/a:b|", NULL),
	ROW("cp a b", false, NULL, 2, "", "one of the two is in the guest", NULL),
	ROW("cp 17:a 17:b", false, NULL, 2, "", "one of the two is in the guest", NULL),
	ROW("cp a", false, NULL, 2, "", "from where and where to", NULL),
	ROW("cp /no/such 17:", false, NULL, 2, "", "vmctl: /no/such: No such file or directory\n",
	    NULL),
	ROW("cp a b c", false, NULL, 2, "", "one word too many", NULL),
	ROW("password 17", false, NULL, 2, "", "vmctl password --print", NULL),
	ROW("password --print 17", false, NULL, 0, "old-password\n", "", NULL),
	ROW("password --print --json 17", false, NULL, 0, "\"password\": \"old-password\"", "",
	    NULL),
	ROW("password --print --rotate 17", false, NULL, 0, "new-password\n", "on its way", NULL),
	ROW("password --print 18", true, NULL, 4, "", "only its owner", NULL),
	ROW("rdp 17 --json --file=/dev/null", false, NULL, 0, "\"file\": \"/dev/null\"",
	    "The password: vmctl password 17\n", NULL),
	ROW("disk list 17 --json", false, NULL, 0, "[", "", NULL),
	ROW("list --stopped --json", false, NULL, 0, "\"state\": \"STOPPED\"", "", NULL),
	ROW("rdp 22", false, NULL, 1, "", "PROVISIONING: cloning; try: vmctl wait 22", NULL),
	ROW("rdp 20", false, NULL, 1, "", "try: vmctl show 20", NULL),
	ROW("rdp -w 0-1 17", false, NULL, 2, "", "'rdp' is of one machine at a time", NULL),
	ROW("wait --now 17", false, NULL, 2, "", "does not belong to 'wait'", NULL),
	ROW("wait 17", false, NULL, 0, "", "job 17  READY", NULL),
	ROW("wait 21", false, NULL, 0, "", "job 21  PROVISIONING: waiting", NULL),
	ROW("wait 21 --json", false, NULL, 0, "\"state\": \"READY\"", "", NULL),
	ROW("wait --for=running 19", false, NULL, 0, "", "BOOTING", NULL),
	ROW("wait 19", false, NULL, 6, "", "FAILED: disk full?[2J", NULL),
	ROW("wait 20", false, NULL, 6, "",
	    "vmctl: job 20 is over, and its VM gone\nMore about it: vmctl show 20", NULL),
	ROW("wait -w 3 17", false, NULL, 2, "", "job 17 has no machine 3: it has one, 0\n", NULL),
	ROW("wait --timeout=1 22", false, NULL, 7, "",
	    "is not ready after 1 s\nThe job goes on. Wait again: vmctl wait 22\n", NULL),
	ROW("wait", false, "21", 0, "", "job 21  READY", NULL),
	ROW("wait 18", false, NULL, 4, "", "belongs to another user", NULL),
	ROW("images", false, NULL, 0, "tiny   v1         linux    1G", "", "win11"),
	ROW("images --all", false, NULL, 0, "win11", "", NULL),
	ROW("images --json", false, NULL, 0, "\"allowed\": false", "", NULL),
	ROW("plan", false, NULL, 4, "",
	    "may see the plan\nAsk your administrator; your own VMs: vmctl list\n", NULL),
	ROW("migrate 12", false, NULL, 1, "", "only what runs can move; see: vmctl show 12\n",
	    NULL),
	ROW("password --print 12", false, NULL, 1, "", "(it waits for a node): vmctl show 12\n",
	    NULL),
	ROW("plan", true, NULL, 0, "create-vm job=22", "", NULL),
	ROW("plan --json", true, NULL, 0, "\"approval\": false", "", NULL),
	ROW("admin", true, NULL, 2, "", "vmctl admin approve", NULL),
	ROW("admin destroy", true, NULL, 2, "", "vmctl admin approve", NULL),
	ROW("disk delete data", false, NULL, 2, "", "without a terminal it takes --yes", NULL),
	ROW("admin approve", true, NULL, 0, "No deletion is held back.", "", NULL),
	ROW("admin approve", false, NULL, 4, "", "may approve deletions", NULL),
	ROW("list --yes", false, NULL, 2, "",
	    "--yes does not belong to 'list'\nTry: vmctl list --help", NULL),
	ROW("list --server 127.0.0.1:1", false, NULL, 5, "",
	    "vmctl: vmd at 127.0.0.1:1: Connection refused\nIs it running?", NULL),
	ROW("list --server 127.0.0.1:1,127.0.0.1:2", false, NULL, 5, "",
	    "All were asked: 127.0.0.1:1,127.0.0.1:2\n", NULL),
	ROW("list --server nix", false, NULL, 2, "", "'nix' is not HOST:PORT", NULL),
	ROW("", false, NULL, 2, "", "no command ''", NULL),
	ROW("destroy", false, NULL, 2, "", "no command 'destroy'", NULL),
	ROW("delete 17", false, NULL, 2, "", "no command 'delete'; perhaps: vmctl stop\n", NULL),
	ROW("start tiny desk", false, NULL, 2, "", "'desk' stands where an option was expected",
	    NULL),
	ROW("list 17", false, NULL, 2, "", "one word too many", NULL),
	ROW("show --all 17", false, NULL, 2, "", "does not belong to 'show'", NULL),
	ROW("wait --for=ever", false, NULL, 2, "", "must be ready or running", NULL),
	ROW("wait --timeout=soon", false, NULL, 2, "", "not a time", NULL),
	ROW("list --colour", false, NULL, 2, "", "option '--colour'\nTry:", NULL),
	ROW("list", true, NULL, 0, "JOB", "Everybody's: vmctl list --all", NULL),
	ROW("wait --timeout=1 99", false, NULL, 7, "", "is not ready after 1 s\n", NULL),
	ROW("--help", false, NULL, 0, "Usage: vmctl COMMAND", "", NULL),
	ROW("wait --help", false, NULL, 0, "--timeout=TIME", "", NULL),
	ROW("--version", false, NULL, 0, "vmctl (slurm-vm) ", "", NULL),
};

START_TEST(command_rows)
{
	int code;

	if (rows[_i].as_root && geteuid() != 0)
		return;
	conf_write("");
	slurm_write("sbatch", "case \"$*\" in *refused) exit 1;; *rubbish) echo what?;; *) echo "
			      "'21;cluster';; esac");
	books_write();
	slurm_write("scancel", "");
	slurm_write("ssh", GUEST_PROGRAM);
	slurm_write("scp", GUEST_PROGRAM);
	code = vmctl(rows[_i].args, rows[_i].as_root, rows[_i].job_id);
	ck_assert_msg(code == rows[_i].code, "vmctl %s: exit %d\n%s%s", rows[_i].args, code, out,
		      err);
	ck_assert_msg(strstr(out, rows[_i].out), "vmctl %s: no '%s' in\n%s", rows[_i].args,
		      rows[_i].out, out);
	ck_assert_msg(strstr(err, rows[_i].err), "vmctl %s: no '%s' in\n%s", rows[_i].args,
		      rows[_i].err, err);
	/* what is told to do next is one thing */
	ck_assert_msg(!strstr(err, ": vmctl disk list") || !strstr(err, "vmctl list"), "%s", err);
	ck_assert_msg(!rows[_i].not_out || !strstr(out, rows[_i].not_out), "vmctl %s: '%s' in\n%s",
		      rows[_i].args, rows[_i].not_out, out);
	if (rows[_i].code != 0 && rows[_i].code != 7)
		ck_assert_msg(!*out, "vmctl %s: failed and printed %s", rows[_i].args, out);
}
END_TEST

/* Ctrl-C ends the watching at once, and says that nothing else has ended. */
static const struct {
	const char *args, *says;
} watches[] = {
	{"wait 22", "goes on without being watched\nWatch it again: vmctl wait 22\n"},
	{"stop 21", "goes on ending without being watched: vmctl show 21\n"},
	{"migrate 28", "the move goes on without being watched: vmctl show 28\n"},
	{"start tiny --mem=1", "Watch it again: vmctl wait 22\nEnd it: vmctl stop 22\n"},
};

START_TEST(interrupt_rows)
{
	struct run r;
	struct stat st;
	int code;

	conf_write("");
	slurm_write("scancel", "");
	slurm_write("sbatch", "echo 22");
	r = vmctl_start(watches[_i].args, false, NULL);
	do {
		ck_assert_int_eq(fstat(r.err, &st), 0);
		ck_assert_int_eq(waitpid(r.pid, &code, WNOHANG), 0);
		(void)usleep(1000);
	} while (pread(r.err, err, (size_t)st.st_size, 0) < 0 ||
		 !memmem(err, (size_t)st.st_size, "job 2", 5));
	ck_assert_int_eq(kill(r.pid, SIGINT), 0);
	code = vmctl_end(&r);
	ck_assert_msg(code == 130, "vmctl %s: exit %d\n%s", watches[_i].args, code, err);
	ck_assert_msg(strstr(err, watches[_i].says), "vmctl %s: no '%s' in\n%s", watches[_i].args,
		      watches[_i].says, err);
}
END_TEST

/* What was known before slurmctld went away is told as such; what is not known is no "Is it
 * running?" of vmd, which has just answered. */
START_TEST(old_is_told)
{
	conf_write("");
	vmctl_desired.known = false;
	ck_assert_int_eq(vmctl("list", false, NULL), 0);
	ck_assert_msg(strstr(out, "render"), "%s", out);
	ck_assert_msg(strstr(err, "this is what was known before"), "%s", err);
	ck_assert_int_eq(vmctl("show 99", false, NULL), 5);
	ck_assert_msg(strstr(err, "no list of jobs from slurmctld"), "%s", err);
	ck_assert_msg(!strstr(err, "Is it running?"), "%s", err);
	if (geteuid() == 0) {
		vmctl_plan.n = 0;
		ck_assert_int_eq(vmctl("plan", true, NULL), 0);
		ck_assert_msg(strstr(err, "nothing is planned"), "%s", err);
	}
}
END_TEST

/* What is held back is shown, then approved by somebody who says so, once. */
START_TEST(approves)
{
	if (geteuid() != 0)
		return;
	conf_write("");
	vmctl_plan.approval = true;
	vmctl_plan.held = 40;
	for (size_t i = 0; i < PLAN_HELD; i++)
		(void)str_fmt(vmctl_plan.held_vm[i], sizeof(vmctl_plan.held_vm[i]), "vm-9%zu", i);
	ck_assert_int_eq(vmctl("list -a", true, NULL), 0);
	ck_assert_msg(strstr(err, "the jobs of 40 VMs"), "%s", err);
	ck_assert_int_eq(vmctl("list", false, NULL), 0);
	ck_assert_msg(!strstr(err, "40 VMs"), "%s", err);
	ck_assert_int_eq(vmctl("plan", true, NULL), 0);
	ck_assert_msg(strstr(err, "vmctl admin approve"), "%s", err);
	ck_assert_int_eq(vmctl("admin approve", true, NULL), 2); /* nobody there to be asked */
	ck_assert_msg(strstr(err, "nothing done; without a terminal it takes --yes"), "%s", err);
	ck_assert_int_eq(vmctl("admin approve --json", true, NULL), 0);
	ck_assert_msg(strstr(out, "\"approved\": false"), "%s", out);
	ck_assert_uint_eq(vmctl_plan.held, 40);
	ck_assert_int_eq(vmctl("admin approve --yes", true, NULL), 0);
	ck_assert_msg(strstr(out, "vm-97\n  and 32 more"), "%s", out);
	ck_assert_uint_eq(vmctl_plan.held, 0);
	ck_assert_int_eq(vmctl("admin approve --yes --json", true, NULL), 0);
	ck_assert_msg(strstr(out, "\"approved\": false"), "%s", out);
}
END_TEST

/* The client asks for the password on a terminal; without one it is not told to, or it would end.
 */
START_TEST(desktop_opens)
{
	int user = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);

	ck_assert(user >= 0 && grantpt(user) == 0 && unlockpt(user) == 0);
	conf_write("");
	slurm_write("xfreerdp3", "exit 9");
	ck_assert_int_eq(vmctl("rdp 17", false, NULL), 0);
	ck_assert_msg(!strstr(err, "|"), "opened on no display: %s", err);
	display = ":9";
	ck_assert_int_eq(vmctl("rdp 17 --file=elsewhere.rdp", false, NULL), 0);
	ck_assert_int_eq(vmctl("rdp 17", false, NULL), 9);
	ck_assert_msg(strstr(err, "vm-17.rdp|/cert:tofu|") && !strstr(err, "stdin"), "%s", err);
	terminal = open(ptsname(user), O_RDWR | O_NOCTTY | O_CLOEXEC);
	ck_assert_int_ge(terminal, 0);
	ck_assert_int_eq(vmctl("rdp 17", false, NULL), 9);
	ck_assert_msg(strstr(err, "vm-17.rdp|/cert:tofu|/from-stdin:force|"), "%s", err);
	close(terminal);
	close(user);
	terminal = -1;
	display = NULL;
}
END_TEST

static const struct {
	const char *text, *error;
} confs[] = {
	{"vmd_user\n", "conf:6: not key=value"},
	{"port=5\n", "conf:6: unknown key 'port' (vmd, vmd_user, munge_socket, prefix)"},
};

START_TEST(conf_rows)
{
	conf_write(confs[_i].text);
	ck_assert_int_eq(vmctl("list", false, NULL), 2);
	ck_assert_msg(strstr(err, confs[_i].error), "%s", err);
}
END_TEST

int main(void)
{
	TCase *t = tcase_create("vmctl");

	alice = geteuid() == 0 ? 65534 : geteuid();
	tcase_add_checked_fixture(t, setup, vmctl_world_stop);
	tcase_add_loop_test(t, command_rows, 0, ARRAY_LEN(rows));
	tcase_add_loop_test(t, interrupt_rows, 0, ARRAY_LEN(watches));
	tcase_add_test(t, approves);
	tcase_add_test(t, desktop_opens);
	tcase_add_test(t, old_is_told);
	tcase_add_loop_test(t, conf_rows, 0, ARRAY_LEN(confs));
	tcase_set_timeout(t, 60);
	return PRIVATE_MUNGE_MAIN(t);
}
