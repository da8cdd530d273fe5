// SPDX-License-Identifier: 0BSD
// Chooses how a request is sent: signed if there are credentials, with the API key if there is one.
(function (root) {
	"use strict";
	var apiGateway = root.apiGateway = root.apiGateway || {};
	var core = apiGateway.core = apiGateway.core || {};
	if (typeof require === "function" && typeof module === "object") {
		core.utils = require("./utils.js");
		core.simpleHttpClient = require("./simpleHttpClient.js");
		core.sigV4Client = require("./sigV4Client.js");
	}

	core.apiGatewayClientFactory = {
		newClient: function (simpleHttpClientConfig, sigV4ClientConfig) {
			var simple = core.simpleHttpClient.newClient(simpleHttpClientConfig);
			var signing = core.sigV4Client.newClient(sigV4ClientConfig);
			var hasCredentials = Boolean(sigV4ClientConfig.accessKey && sigV4ClientConfig.secretKey);

			return {
				makeRequest: function (request, additionalParams, apiKey) {
					var headers = apiKey ? { "x-api-key": apiKey } : {};
					var additional = additionalParams || {};
					request.headers = core.utils.mergeInto(core.utils.mergeInto(request.headers, headers), additional.headers);
					request.queryParams = core.utils.mergeInto(request.queryParams, additional.queryParams);
					return (hasCredentials ? signing : simple).makeRequest(request);
				}
			};
		}
	};

	if (typeof module === "object" && module.exports) {
		module.exports = core.apiGatewayClientFactory;
	}
})(typeof globalThis === "object" ? globalThis : this);
