/* SPDX-License-Identifier: GPL-3.0-or-later */
/* postern-gateway: started by posternd; see gateway.h. */
#include "appliance/launch/gateway.h"

int main(int argc, char **argv)
{
	return gateway_main(argc, argv);
}
