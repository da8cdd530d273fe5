/* SPDX-License-Identifier: GPL-3.0-or-later */
/* postern-control: started by posternd; see control_program.h. */
#include "appliance/launch/control_program.h"

int main(int argc, char **argv)
{
	return control_program_main(argc, argv);
}
