# SPDX-License-Identifier: GPL-2.0-or-later

# Fuzz targets for decoders of bytes from outside: fuzz_NAME.c with the seeds in corpus/NAME/. In
# `make check` the seeds and their prefixes are replayed; configured with --enable-fuzzers (and
# CC=clang), the programs are libFuzzer's: tests/fuzz/fuzz_NAME corpus/NAME.
if FUZZERS
fuzz_main =
fuzz_ldflags = $(AM_LDFLAGS) -fsanitize=fuzzer
else
fuzz_main = tests/fuzz/replay.c
fuzz_ldflags = $(AM_LDFLAGS)
endif
EXTRA_DIST += tests/fuzz/replay.c tests/fuzz/corpus tests/fuzz/corpus.t
TESTS += tests/fuzz/corpus.t

check_PROGRAMS += tests/fuzz/fuzz_vm_options
tests_fuzz_fuzz_vm_options_SOURCES = tests/fuzz/fuzz_vm_options.c slurm-plugin/options.c
nodist_tests_fuzz_fuzz_vm_options_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_vm_options_CFLAGS = $(AM_CFLAGS) $(SLURM_CFLAGS)
tests_fuzz_fuzz_vm_options_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_vm_options_LDADD = $(core_libs)

# api: messages and replies
check_PROGRAMS += tests/fuzz/fuzz_wire tests/fuzz/fuzz_http_reply
tests_fuzz_fuzz_wire_SOURCES = tests/fuzz/fuzz_wire.c
nodist_tests_fuzz_fuzz_wire_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_wire_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_wire_LDADD = $(client_libs)
tests_fuzz_fuzz_http_reply_SOURCES = tests/fuzz/fuzz_http_reply.c
nodist_tests_fuzz_fuzz_http_reply_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_http_reply_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_http_reply_LDADD = $(client_libs)

# a user's public keys
check_PROGRAMS += tests/fuzz/fuzz_public_key
tests_fuzz_fuzz_public_key_SOURCES = tests/fuzz/fuzz_public_key.c
nodist_tests_fuzz_fuzz_public_key_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_public_key_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_public_key_LDADD = $(core_libs)

# guests: QEMU's control socket, the guest agent's port
check_PROGRAMS += tests/fuzz/fuzz_qmp tests/fuzz/fuzz_agent
tests_fuzz_fuzz_qmp_SOURCES = tests/fuzz/fuzz_qmp.c
nodist_tests_fuzz_fuzz_qmp_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_qmp_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_qmp_LDADD = $(guest_libs) $(base_libs)
tests_fuzz_fuzz_agent_SOURCES = tests/fuzz/fuzz_agent.c
nodist_tests_fuzz_fuzz_agent_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_agent_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_agent_LDADD = $(guest_libs) $(base_libs)

# websocket: a server's first answer, frames of either peer
check_PROGRAMS += tests/fuzz/fuzz_handshake tests/fuzz/fuzz_frames
tests_fuzz_fuzz_handshake_SOURCES = tests/fuzz/fuzz_handshake.c
nodist_tests_fuzz_fuzz_handshake_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_handshake_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_handshake_LDADD = $(websocket_libs)
tests_fuzz_fuzz_frames_SOURCES = tests/fuzz/fuzz_frames.c
nodist_tests_fuzz_fuzz_frames_SOURCES = $(fuzz_main)
tests_fuzz_fuzz_frames_LDFLAGS = $(fuzz_ldflags)
tests_fuzz_fuzz_frames_LDADD = $(websocket_libs)
