/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many lives of six jobs under faults and crashes, with one vmd and with two that are stopped, too,
 * in every fourth with disks that users have and give to guests; some lives with a crash at every
 * single effect, without and with other faults; moves and growths with a crash at every effect,
 * those that end well and those that are called off; and lives of a job with such disks.
 * "sim_seeds [SEEDS [FIRST]]": 200 from 1 unless told otherwise. A seed that fails is printed; the
 * same seed fails again. */
#include "tests/sim/sim_world.h"

#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#define FAULTS_UNTIL_US (900 * SIM_S)
#define SETTLED_BY_US   (3600 * SIM_S)

static struct sim sim;

/* Until nothing is left to do; false: a rule was broken, or it never came to rest. */
static bool run(const char *what, unsigned long number, unsigned crash_percent)
{
	while (sim.now_us < SETTLED_BY_US && !*sim.wrong) {
		if (sim.now_us >= FAULTS_UNTIL_US)
			sim.faults_percent = crash_percent = 0;
		sim_tick(&sim);
		if (sim.crashed || (crash_percent && sim_chance(&sim, 20000) < crash_percent))
			sim_crash(&sim);
		if (sim_is_settled(&sim))
			return true;
	}
	printf("# %s %lu: %s at %lld s\n", what, number, *sim.wrong ? sim.wrong : "not settled",
	       (long long)(sim.now_us / SIM_S));
	if (!*sim.wrong)
		sim_print_left(&sim);
	return false;
}

/* Jobs that followed their VM (some of them as another allocation), VMs that were astray and are no
 * longer, guests that grew, disks of users that guests were given, hand-overs of the Lease. */
static unsigned long moved, heirs, found, grown, attached, led;

/* Moves and growths behind LIFE_UNDO and LIFE_CANCEL are called off in that step, behind LIFE_LOSE
 * their companion is cancelled in it. */
enum {
	LIFE_QUIET,
	LIFE_FAULTS,
	LIFE_MOVE,
	LIFE_UNDO,
	LIFE_GROW = LIFE_MOVE + SIM_STEPS + 1,
	LIFE_CANCEL,
	LIFE_LOSE = LIFE_GROW + SIM_STEPS + 1,
	/* while its job is queued again the guest is lost, too */
	LIFE_DISKS = LIFE_LOSE + SIM_STEPS - 1,
	LIFE_DISKS_LOST, /* and its host is lost */
	LIVES
};

static void begin(unsigned life, unsigned long seed)
{
	if (life >= LIFE_DISKS)
		sim_init_disks(&sim, seed, life == LIFE_DISKS_LOST);
	else if (life >= LIFE_LOSE)
		sim_init_grow(&sim, seed, life - LIFE_LOSE + 1, true);
	else if (life >= LIFE_GROW)
		sim_init_grow(&sim, seed, life - LIFE_GROW, false);
	else if (life >= LIFE_MOVE)
		sim_init_move(&sim, seed, life - LIFE_MOVE);
	else
		sim_init(&sim, seed, life == LIFE_FAULTS ? 20 : 0);
}

/* Of a life's effects, every which is one to crash after: 1 is all of them. */
static unsigned every = 1;

/* The same life again and again, vmd killed once after each of its effects. Returns how many; 0:
 * one of them was not survived. */
static unsigned crash_points(unsigned life, unsigned long seed)
{
	unsigned effects, points = 0, crash_at = 1;
	bool survived;
	char what[80];

	(void)snprintf(what, sizeof(what), "seed %lu, life %u, crash at effect", seed, life);
	do {
		begin(life, seed);
		sim.crash_at = crash_at;
		survived = run(what, crash_at, 0);
		if (life >= LIFE_MOVE && !sim_has_followed(&sim)) {
			printf("# %s %u: its job did not follow, or does not fit\n", what,
			       crash_at);
			survived = false;
		}
		effects = sim.effects;
		moved += sim.moved;
		sim_done(&sim);
		points++;
		crash_at += every;
	} while (survived && crash_at <= effects);
	return survived ? points : 0;
}

/* Lives of all kinds from life to last, seeds from first on. */
static bool all_crash_points(int test, unsigned life, unsigned last, unsigned long first,
			     unsigned long seeds, const char *what)
{
	unsigned long points = 0, failed = 0;

	for (unsigned long seed = first; seed < first + seeds; seed++)
		for (unsigned l = life; l <= last; l++) {
			unsigned n = crash_points(l, seed);

			failed += n == 0;
			points += n;
		}
	printf("%s %d - a crash at %s %lu effects of %lu %s\n", failed ? "not ok" : "ok", test,
	       every > 1 ? "some of them," : "each of", points, (last - life + 1) * seeds, what);
	return failed == 0;
}

/* As asked for by argument or environment. */
static unsigned long seeds = 200, first = 1;

static bool seeds_live(int test)
{
	unsigned long failed = 0;

	for (unsigned long seed = first; seed < first + seeds; seed++) {
		sim_init(&sim, seed, (unsigned)(seed * 7 % 40));
		failed += !run("seed", seed, (unsigned)(seed * 13 % 100));
		moved += sim.moved;
		heirs += sim.heirs;
		found += sim.found;
		grown += sim.grown;
		attached += sim.attached;
		led += sim.n_vmd > 1 ? sim.led : 0;
		sim_done(&sim);
	}
	printf("%s %d - %lu seeds from %lu with faults and crashes (%lu jobs followed their VM, "
	       "%lu "
	       "of them as another allocation, %lu VMs were astray and are not, %lu guests grew, "
	       "%lu disks were given to guests, %lu times another vmd led)\n",
	       failed ? "not ok" : "ok", test, seeds, first, moved, heirs, found, grown, attached,
	       led);
	return failed == 0;
}

/* Of each kind, with a crash after each effect: so many seeds. */
static unsigned long lives(void)
{
	return 1 + seeds / 1000;
}

static bool lives_crash(int test)
{
	return all_crash_points(test, LIFE_QUIET, LIFE_FAULTS, first, lives(),
				"lives, half of them with faults");
}

static bool moves_crash(int test)
{
	return all_crash_points(test, LIFE_MOVE, LIFE_GROW - 1, first,
				every > 1 ? lives() : 4 * lives(),
				"moves, most of them called off");
}

static bool growths_crash(int test)
{
	return all_crash_points(test, LIFE_GROW, LIFE_DISKS - 1, first,
				seeds < 1000 ? 1 : 4 * lives(),
				"growths, most of them called off or robbed of their room");
}

static bool disks_crash(int test)
{
	return all_crash_points(test, LIFE_DISKS, LIVES - 1, first, lives(),
				"lives with disks that come and go, half of them of lost hosts");
}

/* Each part is a process of its own, as many at once as there are processors, the longest first. */
static const struct {
	int test;
	bool (*passes)(int test);
} parts[] = {
	/* clang-format off */
	{4, growths_crash}, {3, moves_crash}, {1, seeds_live}, {2, lives_crash}, {5, disks_crash},
	/* clang-format on */
};

/* Of one that runs: 1 when it failed. */
static int part_failed(void)
{
	int status;

	return wait(&status) < 0 || status != 0;
}

int main(int argc, char **argv)
{
	const char *few = getenv("CHECK_SEEDS"); /* slow builds: scripts/check */
	long room = sysconf(_SC_NPROCESSORS_ONLN);
	int failed = 0, running = 0;

	if (few) {
		seeds = strtoul(few, NULL, 10);
		every = 5;
	}
	if (argc > 1)
		seeds = strtoul(argv[1], NULL, 10);
	if (argc > 2)
		first = strtoul(argv[2], NULL, 10);
	printf("1..%zu\n", ARRAY_LEN(parts));
	(void)fflush(stdout);
	for (size_t i = 0; i < ARRAY_LEN(parts); i++) {
		pid_t pid;

		if (running > 0 && running >= room) {
			failed += part_failed();
			running--;
		}
		pid = fork();
		if (pid < 0) {
			perror("sim_seeds: fork");
			return 1;
		}
		if (pid == 0)
			exit(parts[i].passes(parts[i].test) ? 0 : 1);
		running++;
	}
	while (running-- > 0)
		failed += part_failed();
	return failed != 0;
}
