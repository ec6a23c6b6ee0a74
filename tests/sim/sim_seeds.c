/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Many lives of six jobs under faults and crashes, and a crash at every single effect.
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

int main(int argc, char **argv)
{
	const char *few = getenv("CHECK_SEEDS"); /* slow builds: scripts/check */
	unsigned long seeds = strtoul(argc > 1 ? argv[1] : few ? few : "200", NULL, 10);
	unsigned long first = argc > 2 ? strtoul(argv[2], NULL, 10) : 1;
	unsigned long failed = 0;
	unsigned effects, crash_at;

	printf("1..2\n");
	for (unsigned long seed = first; seed < first + seeds; seed++) {
		sim_init(&sim, seed, (unsigned)(seed * 7 % 40));
		failed += !run("seed", seed, (unsigned)(seed * 13 % 100));
		sim_done(&sim);
	}
	printf("%s 1 - %lu seeds from %lu with faults and crashes\n", failed ? "not ok" : "ok",
	       seeds, first);
	crash_at = 0;
	do { /* this one without other faults */
		sim_init(&sim, first, 0);
		sim.crash_at = ++crash_at;
		if (!run("crash at effect", crash_at, 0))
			failed++;
		effects = sim.effects;
		sim_done(&sim);
	} while (crash_at < effects && !failed);
	printf("%s 2 - a crash at each of %u effects\n", failed ? "not ok" : "ok", crash_at - 1);
	return failed != 0;
}
