/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many lives of six jobs under faults and crashes, and some lives with a crash at every single
 * effect, without and with other faults.
 * "sim_seeds [SEEDS [FIRST]]": 200 from 1 unless told otherwise. A seed that fails is printed; the
 * same seed fails again. */
#include "tests/sim/sim_world.h"

#include <stdlib.h>

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
	return false;
}

/* The same life again and again, vmd killed once after each of its effects. Returns how many; 0:
 * one of them was not survived. */
static unsigned crash_points(unsigned long seed, unsigned faults_percent)
{
	unsigned effects, crash_at = 0;
	bool survived;
	char what[80];

	(void)snprintf(what, sizeof(what), "seed %lu with %u %% faults, crash at effect", seed,
		       faults_percent);
	do {
		sim_init(&sim, seed, faults_percent);
		sim.crash_at = ++crash_at;
		survived = run(what, crash_at, 0);
		effects = sim.effects;
		sim_done(&sim);
	} while (survived && crash_at < effects);
	return survived ? crash_at - 1 : 0;
}

int main(int argc, char **argv)
{
	const char *few = getenv("CHECK_SEEDS"); /* slow builds: scripts/check */
	unsigned long seeds = strtoul(argc > 1 ? argv[1] : few ? few : "200", NULL, 10);
	unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	unsigned long failed = 0, lives = 1 + seeds / 1000, points = 0;

	printf("1..2\n");
	for (unsigned long seed = first; seed < first + seeds; seed++) {
		sim_init(&sim, seed, (unsigned)(seed * 7 % 40));
		failed += !run("seed", seed, (unsigned)(seed * 13 % 100));
		sim_done(&sim);
	}
	printf("%s 1 - %lu seeds from %lu with faults and crashes\n", failed ? "not ok" : "ok",
	       seeds, first);
	for (unsigned long seed = first; seed < first + lives; seed++)
		for (unsigned faults_percent = 0; faults_percent <= 20; faults_percent += 20) {
			unsigned n = crash_points(seed, faults_percent);

			failed += n == 0;
			points += n;
		}
	printf("%s 2 - a crash at each of %lu effects of %lu lives, half of them with faults\n",
	       failed ? "not ok" : "ok", points, 2 * lives);
	return failed != 0;
}
