// SPDX-License-Identifier: GPL-3.0-or-later
"use strict";

/* The event, as the body of a proxy's answer. */
exports.echo = async (event) => ({
	statusCode: 201,
	headers: { "Content-Type": "application/json", "X-Runtime": "node" },
	multiValueHeaders: { "X-Multi": ["1", "2"] },
	body: JSON.stringify(event),
});

/* What the client sends is the answer; without a body the function fails. */
exports.answer = async (event) => {
	if (!event.body)
		throw new Error("there is no body");
	return JSON.parse(event.body);
};

/* Of type AWS: the payload as it came. */
exports.result = async (event) => {
	if (event.fail)
		throw new Error(event.fail);
	return { seen: event };
};
