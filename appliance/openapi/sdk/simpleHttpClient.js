// SPDX-License-Identifier: 0BSD
// Sends requests by the platform's fetch and gives answers the form {status, statusText, headers, data, config}.
(function (root) {
	"use strict";
	var apiGateway = root.apiGateway = root.apiGateway || {};
	var core = apiGateway.core = apiGateway.core || {};
	if (typeof require === "function" && typeof module === "object") {
		core.utils = require("./utils.js");
	}

	function headersOf(response) {
		var headers = {};
		response.headers.forEach(function (value, name) { headers[name] = value; });
		return headers;
	}

	function readData(response, responseType) {
		if (responseType === "arraybuffer") {
			return response.arrayBuffer();
		}
		if (responseType === "blob") {
			return response.blob();
		}
		return response.text().then(function (text) {
			if (responseType === "text" || !/json/i.test(response.headers.get("content-type") || "")) {
				return text;
			}
			try {
				return JSON.parse(text);
			} catch (error) {
				return text;
			}
		});
	}

	// What is sent, as text or bytes; undefined: nothing.
	function bodyOf(request) {
		var body = request.body;
		if (body === undefined || body === null || body === "") {
			return undefined;
		}
		if (typeof body === "string" || body instanceof ArrayBuffer || ArrayBuffer.isView(body)) {
			return body;
		}
		return JSON.stringify(body);
	}

	function withoutField(headers, wanted) {
		Object.keys(headers).forEach(function (name) {
			if (name.toLowerCase() === wanted) {
				delete headers[name];
			}
		});
	}

	core.simpleHttpClient = {
		bodyOf: bodyOf,

		// The fields that are sent: the request's and the defaults for what it does not name; no type for no body.
		fieldsOf: function (request, config, body) {
			var headers = Object.assign({}, request.headers);
			var names = Object.keys(headers).map(function (name) { return name.toLowerCase(); });
			if (names.indexOf("accept") < 0 && config.defaultAcceptType) {
				headers.Accept = config.defaultAcceptType;
			}
			if (body === undefined) {
				withoutField(headers, "content-type");
			} else if (names.indexOf("content-type") < 0 && config.defaultContentType) {
				headers["Content-Type"] = config.defaultContentType;
			}
			return headers;
		},

		// An answer of 2xx resolves; another rejects with an Error that has its members, and itself as `response`.
		send: function (request, config, headers, body) {
			var query = core.utils.queryString(request.queryParams);
			var url = config.endpoint + request.path + (query ? "?" + query : "");
			return root.fetch(url, { method: request.verb, headers: headers, body: body, redirect: "manual" }).then(function (response) {
				return readData(response, config.responseType).then(function (data) {
					var answer = { status: response.status, statusText: response.statusText, headers: headersOf(response),
						data: data, config: { method: request.verb, url: url, headers: headers } };
					if (response.status >= 200 && response.status < 300) {
						return answer;
					}
					throw Object.assign(new Error("Request failed with status code " + response.status), answer, { response: answer });
				});
			});
		},

		newClient: function (config) {
			return {
				makeRequest: function (request) {
					var body = bodyOf(request);
					return core.simpleHttpClient.send(request, config, core.simpleHttpClient.fieldsOf(request, config, body), body);
				}
			};
		}
	};

	if (typeof module === "object" && module.exports) {
		module.exports = core.simpleHttpClient;
	}
})(typeof globalThis === "object" ? globalThis : this);
