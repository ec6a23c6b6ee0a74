/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answer file and first-boot script. Pure.
 *
 * Windows remembers a user's drives in HKCU\Network, and restores them when he logs on, deferred:
 * Explorer shows the drive, and its server is asked when it is opened. Every profile begins as a
 * copy of the Default one, so there they are put, in the specialize pass, when nobody has logged on
 * yet: the guest's account gets them, and so does whoever logs on from a domain. FirstLogonCommands
 * would reach the first account alone, and come after the drives were restored. An image that was
 * sealed with the account's profile in it keeps that: it gets them, too. A command that fails, for
 * there is no such profile, must not end the setup: each says that it went well.
 *
 * Nobody sits before the guest, so its setup must have nothing to ask. By Microsoft's reference
 * ("Configure International Settings in an Answer File"; OOBE's elements) it asks for the language,
 * and on Windows Server for the built-in account's password, unless oobeSystem has them. */
#include "vmd/kube/kube_answers.h"

#include "vmd/base/str.h"

#include <stdarg.h>
#include <string.h>
#include <strings.h>

static void add_xml(struct strbuf *b, const char *text)
{
	for (; *text; text++) {
		switch (*text) {
		case '<': strbuf_addf(b, "&lt;"); break;
		case '>': strbuf_addf(b, "&gt;"); break;
		case '&': strbuf_addf(b, "&amp;"); break;
		case '"': strbuf_addf(b, "&quot;"); break;
		default: strbuf_add(b, text, 1);
		}
	}
}

static void add_element(struct strbuf *b, const char *name, const char *text)
{
	strbuf_addf(b, "<%s>", name);
	add_xml(b, text);
	strbuf_addf(b, "</%s>\n", name);
}

static void component_open(struct strbuf *b, const char *name)
{
	strbuf_addf(b,
		    "<component name=\"%s\" processorArchitecture=\"amd64\""
		    " publicKeyToken=\"31bf3856ad364e35\" language=\"neutral\""
		    " versionScope=\"nonSxS\">\n",
		    name);
}

static void add_password(struct strbuf *b, const char *element, const char *password)
{
	strbuf_addf(b, "<%s>\n", element);
	add_element(b, "Value", password);
	strbuf_addf(b, "<PlainText>true</PlainText>\n</%s>\n", element);
}

/* The built-in account has its own element; any other is made, as an administrator. The built-in
 * one has the password then, too: Windows Server enables it, and would take an empty one. Names are
 * not case-sensitive there. */
static void add_accounts(struct strbuf *b, const struct credentials *c)
{
	strbuf_addf(b, "<UserAccounts>\n");
	add_password(b, "AdministratorPassword", c->password);
	if (strcasecmp(c->user, "Administrator") != 0) {
		strbuf_addf(b, "<LocalAccounts><LocalAccount wcm:action=\"add\">\n");
		add_password(b, "Password", c->password);
		add_element(b, "Name", c->user);
		strbuf_addf(b, "<Group>Administrators</Group>\n</LocalAccount></LocalAccounts>\n");
	}
	strbuf_addf(b, "</UserAccounts>\n");
}

static void add_language(struct strbuf *b, const struct answers *a)
{
	static const char *const elements[] = {"InputLocale", "SystemLocale", "UILanguage",
					       "UserLocale"};
	const char *locale = a->image && *a->image->locale ? a->image->locale : "en-US";

	component_open(b, "Microsoft-Windows-International-Core");
	for (size_t i = 0; i < ARRAY_LEN(elements); i++)
		add_element(b, elements[i], locale);
	strbuf_addf(b, "</component>\n");
}

/* ---- drives ---- */

#define HIVE        "HKU\\slurm-vm"
#define COMMAND_MAX 259 /* Path of a RunSynchronousCommand, by Microsoft's reference */

/* The commands of the specialize pass, numbered as they shall run. */
struct commands {
	struct strbuf *b;
	unsigned n;
};

static void command(struct commands *c, const char *fmt, ...) PRINTF(2, 3);
static void command(struct commands *c, const char *fmt, ...)
{
	char text[COMMAND_MAX + 1], line[COMMAND_MAX + 1];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	/* cannot be: SHARE_FULL_MAX and the account's 63 characters leave room */
	if (len < 0 || (size_t)len >= sizeof(text) ||
	    str_fmt(line, sizeof(line), "cmd.exe /c \"%s & exit 0\"", text) < 0)
		abort();
	strbuf_addf(c->b,
		    "<RunSynchronousCommand wcm:action=\"add\">\n<Order>%u</Order>\n"
		    "<WillReboot>Never</WillReboot>\n",
		    ++c->n);
	add_element(c->b, "Path", line);
	strbuf_addf(c->b, "</RunSynchronousCommand>\n");
}

/* As Windows writes it for a drive that is to come back, of whoever is logged on. */
static void command_drive(struct commands *c, char drive, const char *path)
{
	static const char *const values[] = {
		"UserName /t REG_SZ",
		"ProviderName /t REG_SZ /d \"Microsoft Windows Network\"",
		"ProviderType /t REG_DWORD /d 131072", /* WNNC_NET_LANMAN */
		"ConnectionType /t REG_DWORD /d 1",    /* a disk */
		"DeferFlags /t REG_DWORD /d 4",        /* connect it when it is opened */
	};

	command(c, "reg.exe add " HIVE "\\Network\\%c /f /v RemotePath /d %s", drive, path);
	for (size_t i = 0; i < ARRAY_LEN(values); i++)
		command(c, "reg.exe add " HIVE "\\Network\\%c /f /v %s", drive, values[i]);
}

static void command_profile(struct commands *c, const struct answers *a, const char *profile)
{
	char path[SHARE_FULL_MAX + 1];
	struct err e;

	command(c,
		"if exist %%SystemDrive%%\\Users\\%s\\NTUSER.DAT"
		" reg.exe load " HIVE " %%SystemDrive%%\\Users\\%s\\NTUSER.DAT",
		profile, profile);
	for (size_t i = 0; i < a->image->n_share; i++)
		if (share_path(&a->image->share[i], a->owner, path, sizeof(path), &e) == 0)
			command_drive(c, a->image->share[i].drive, path);
	command(c, "reg.exe unload " HIVE);
}

/* How many of them can the owner have? */
static size_t drives(const struct answers *a)
{
	char path[SHARE_FULL_MAX + 1];
	size_t n = 0;
	struct err e;

	for (size_t i = 0; a->image && i < a->image->n_share; i++)
		n += share_path(&a->image->share[i], a->owner, path, sizeof(path), &e) == 0;
	return n;
}

static void add_drives(struct strbuf *b, const struct answers *a)
{
	struct commands c = {.b = b};

	if (drives(a) == 0)
		return;
	component_open(b, "Microsoft-Windows-Deployment");
	strbuf_addf(b, "<RunSynchronous>\n");
	command_profile(&c, a, "Default");
	command_profile(&c, a, a->c->user);
	strbuf_addf(b, "</RunSynchronous>\n</component>\n");
}

void answers_unattend(const struct answers *a, struct strbuf *b)
{
	strbuf_addf(b, "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n"
		       "<unattend xmlns=\"urn:schemas-microsoft-com:unattend\""
		       " xmlns:wcm=\"http://schemas.microsoft.com/WMIConfig/2002/State\">\n"
		       "<settings pass=\"specialize\">\n");
	component_open(b, "Microsoft-Windows-Shell-Setup");
	add_element(b, "ComputerName", a->computer);
	strbuf_addf(b, "<TimeZone>UTC</TimeZone>\n</component>\n");
	component_open(b, "Microsoft-Windows-TerminalServices-LocalSessionManager");
	strbuf_addf(b, "<fDenyTSConnections>false</fDenyTSConnections>\n</component>\n");
	component_open(b, "Networking-MPSSVC-Svc");
	strbuf_addf(b, "<FirewallGroups><FirewallGroup wcm:action=\"add\" wcm:keyValue=\"rdp\">\n"
		       "<Active>true</Active>\n<Group>@FirewallAPI.dll,-28752</Group>\n"
		       "<Profile>all</Profile>\n</FirewallGroup></FirewallGroups>\n</component>\n");
	add_drives(b, a);
	strbuf_addf(b, "</settings>\n<settings pass=\"oobeSystem\">\n");
	add_language(b, a);
	component_open(b, "Microsoft-Windows-Shell-Setup");
	strbuf_addf(b, "<OOBE>\n<HideEULAPage>true</HideEULAPage>\n"
		       "<HideLocalAccountScreen>true</HideLocalAccountScreen>\n"
		       "<HideOEMRegistrationScreen>true</HideOEMRegistrationScreen>\n"
		       "<HideOnlineAccountScreens>true</HideOnlineAccountScreens>\n"
		       "<HideWirelessSetupInOOBE>true</HideWirelessSetupInOOBE>\n"
		       "<ProtectYourPC>3</ProtectYourPC>\n</OOBE>\n");
	add_accounts(b, a->c);
	strbuf_addf(b, "</component>\n</settings>\n</unattend>\n");
}

/* The account, if the image does not bring it: an administrator, as in Windows. KubeVirt asks the
 * agent for its password and key until it is there. */
static void add_user(struct strbuf *b, const char *user)
{
	strbuf_addf(b,
		    "if ! id -u %s >/dev/null 2>&1 && command -v useradd >/dev/null; then\n"
		    "\tuseradd -m -s \"$(command -v bash || echo /bin/sh)\" %s\n"
		    "\tfor group in sudo wheel; do\n"
		    "\t\t! grep -q \"^$group:\" /etc/group || usermod -a -G $group %s\n"
		    "\tdone\n"
		    "fi\n",
		    user, user, user);
}

/* cloud-init writes the network's settings once for a machine, for the card that it sees then, by
 * its address. The job's next run has another card. */
static void add_network(struct strbuf *b)
{
	strbuf_addf(b, "[ ! -d /etc/cloud/cloud.cfg.d ] ||\n"
		       "\techo 'updates: {network: {when: [boot-new-instance, boot]}}'"
		       " >/etc/cloud/cloud.cfg.d/90-slurm-vm.cfg\n");
}

/* SELinux keeps the guest agent from keys until this is on; what virtctl's own VMs say, too
 * (virtctl create vm, --ga-manage-ssh). The agent is asked again until it works. */
static void add_selinux(struct strbuf *b)
{
	strbuf_addf(b, "! command -v setsebool >/dev/null ||\n"
		       "\tsetsebool -P virt_qemu_ga_manage_ssh on || :\n");
}

static void add_mounts(struct strbuf *b, const struct answers *a)
{
	char source[SHARE_FULL_MAX + 1], mount[SHARE_MOUNT_MAX + 1];
	struct err e;

	strbuf_addf(b,
		    "# The drives: \"mount /mnt/h\" connects one, and asks for the password of its "
		    "file server.\n"
		    "touch /etc/fstab\n"
		    "sed -i '/^# slurm-vm: begin$/,/^# slurm-vm: end$/d' /etc/fstab\n");
	if (!a->image || a->image->n_share == 0)
		return;
	strbuf_addf(b, "echo '# slurm-vm: begin' >>/etc/fstab\n");
	for (size_t i = 0; i < a->image->n_share; i++) {
		const struct share *s = &a->image->share[i];

		if (share_source(s, a->owner, source, sizeof(source), &e) < 0) {
			strbuf_addf(b, "# %c: none, %s\n", s->drive, e.msg);
			continue;
		}
		share_mount(s, mount);
		strbuf_addf(b,
			    "mkdir -p %s\n"
			    "echo '%s %s cifs noauto,user%s%s 0 0' >>/etc/fstab\n",
			    mount, source, mount, share_is_personal(s) ? ",username=" : "",
			    share_is_personal(s) ? a->owner : "");
	}
	strbuf_addf(b, "echo '# slurm-vm: end' >>/etc/fstab\n");
}

/* cloud-init runs it once for a machine; a disk that another job takes over may have been through
 * an earlier one, so what that wrote goes first. Nothing in it needs quoting: see vm/share.h and
 * vm/account.h. */
void answers_user_data(const struct answers *a, struct strbuf *b)
{
	strbuf_addf(b, "#!/bin/sh\n# By slurm-vm: once for a machine.\n");
	add_user(b, a->c->user);
	add_network(b);
	add_mounts(b, a);
	add_selinux(b); /* the slowest, and nothing waits for it but the key */
}
