/* SPDX-License-Identifier: GPL-3.0-or-later */
/* shapes: the shape of each operation's input, one for each row of operations.def; written in shapes_<service>.c. */
#ifndef POSTERN_CONTROL_SHAPES_H
#define POSTERN_CONTROL_SHAPES_H

#include "appliance/control/shape.h"

#define OPERATION(service, name, method, uri, status, access, action, symbol, source)                                  \
	extern const struct shape shape_##symbol;
#include "appliance/control/operations.def"
#undef OPERATION

#endif
