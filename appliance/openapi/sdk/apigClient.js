// SPDX-License-Identifier: 0BSD
// The client of one stage of an API: apigClientFactory.newClient(config), then a function for each method of the API,
// taking (params, body, additionalParams) and returning a promise.
var apigClientFactory = {};
(function (root) {
	"use strict";
	if (typeof require === "function" && typeof module === "object") {
		require("./lib/apiGatewayCore/apiGatewayClient.js");
	}
	var core = root.apiGateway.core;
	var description = @DESCRIPTION@;

	apigClientFactory.newClient = function (config) {
		config = Object.assign({ accessKey: "", secretKey: "", sessionToken: "", region: description.region, apiKey: undefined,
			defaultContentType: "application/json", defaultAcceptType: "application/json", invokeUrl: description.invokeUrl }, config);
		var invokeUrl = config.invokeUrl.replace(/\/+$/, "");
		var endpoint = /^https?:\/\/[^\/]+/.exec(invokeUrl)[0], base = invokeUrl.slice(endpoint.length);
		var shared = { endpoint: endpoint, defaultContentType: config.defaultContentType, defaultAcceptType: config.defaultAcceptType,
			responseType: config.responseType };
		var client = core.apiGatewayClientFactory.newClient(shared, Object.assign({ accessKey: config.accessKey,
			secretKey: config.secretKey, sessionToken: config.sessionToken, serviceName: "execute-api", region: config.region }, shared));
		var apigClient = {};

		Object.keys(description.operations).forEach(function (name) {
			var operation = description.operations[name];
			apigClient[name] = async function (params, body, additionalParams) {
				params = params || {};
				core.utils.assertParametersDefined(params, operation.required);
				return client.makeRequest({
					verb: operation.verb,
					path: base + core.utils.expand(operation.path, params),
					headers: core.utils.parseParametersToObject(params, operation.headers),
					queryParams: core.utils.parseParametersToObject(params, operation.queryParams),
					body: body
				}, additionalParams, config.apiKey);
			};
		});
		return apigClient;
	};

	if (typeof module === "object" && module.exports) {
		module.exports = apigClientFactory;
	}
})(typeof globalThis === "object" ? globalThis : this);
