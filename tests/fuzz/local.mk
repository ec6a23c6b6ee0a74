# SPDX-License-Identifier: GPL-2.0-or-later

# Fuzz targets for decoders of bytes from outside: fuzz_NAME.c with the seeds in corpus/NAME/. In
# `make check` the seeds and their prefixes are replayed; configured with --enable-fuzzers (and
# CC=clang), the programs are libFuzzer's: tests/fuzz/fuzz_NAME corpus/NAME.
if FUZZERS
fuzz_main =
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
check_LIBRARIES += libreplay.a
fuzz_main = libreplay.a
fuzz_ldflags = $(AM_LDFLAGS)
endif
libreplay_a_SOURCES = tests/fuzz/replay.c
EXTRA_DIST += tests/fuzz/corpus tests/fuzz/corpus.t tests/fuzz/fuzz.h
TESTS += tests/fuzz/corpus.t

check_PROGRAMS += tests/fuzz/fuzz_vm_options
tests_fuzz_fuzz_vm_options_SOURCES = tests/fuzz/fuzz_vm_options.c slurm-plugin/options.c
tests_fuzz_fuzz_vm_options_CFLAGS = $(AM_CFLAGS) $(SLURM_CFLAGS)
tests_fuzz_fuzz_vm_options_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_vm_options_LDADD = $(fuzz_main) $(core_libs)

# api: messages and replies
check_PROGRAMS += tests/fuzz/fuzz_wire tests/fuzz/fuzz_http_reply
tests_fuzz_fuzz_wire_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_wire_LDADD = $(fuzz_main) $(client_libs)
tests_fuzz_fuzz_http_reply_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_http_reply_LDADD = $(fuzz_main) $(client_libs)

# a user's public keys
check_PROGRAMS += tests/fuzz/fuzz_public_key
tests_fuzz_fuzz_public_key_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_public_key_LDADD = $(fuzz_main) $(core_libs)

# guests: QEMU's control socket, the guest agent's port
check_PROGRAMS += tests/fuzz/fuzz_qmp tests/fuzz/fuzz_agent
tests_fuzz_fuzz_qmp_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_qmp_LDADD = $(fuzz_main) $(guest_libs) $(base_libs)
tests_fuzz_fuzz_agent_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_agent_LDADD = $(fuzz_main) $(guest_libs) $(base_libs)

# websocket: a server's first answer, frames of either peer
check_PROGRAMS += tests/fuzz/fuzz_handshake tests/fuzz/fuzz_frames
tests_fuzz_fuzz_handshake_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_handshake_LDADD = $(fuzz_main) $(websocket_libs)
tests_fuzz_fuzz_frames_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_frames_LDADD = $(fuzz_main) $(websocket_libs)
