/* SPDX-License-Identifier: GPL-3.0-or-later */
/* postern-control: started by posternd; see control_program.h. In the appliance's image also what asks for it: image/system/probe.h. */
#include <string.h>

#include "appliance/launch/control_program.h"
#include "image/system/probe.h"

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "--probe") == 0)
		return probe_main();
	return control_program_main(argc, argv);
}
