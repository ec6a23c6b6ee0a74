/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The daemon. */
int main(void)
{
	return 0;
}
