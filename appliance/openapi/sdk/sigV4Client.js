// SPDX-License-Identifier: 0BSD
// Signs requests with AWS Signature Version 4, by the platform's WebCrypto (a page has it when it came by https).
(function (root) {
	"use strict";
	var apiGateway = root.apiGateway = root.apiGateway || {};
	var core = apiGateway.core = apiGateway.core || {};
	var ALGORITHM = "AWS4-HMAC-SHA256";
	if (typeof require === "function" && typeof module === "object") {
		core.utils = require("./utils.js");
		core.simpleHttpClient = require("./simpleHttpClient.js");
	}

	function subtle() {
		var platform = root.crypto || require("crypto").webcrypto;
		return platform.subtle;
	}

	function bytes(data) {
		return typeof data === "string" ? new TextEncoder().encode(data) : data;
	}

	function hex(buffer) {
		return Array.prototype.map.call(new Uint8Array(buffer), function (byte) {
			return ("0" + byte.toString(16)).slice(-2);
		}).join("");
	}

	async function hash(data) {
		return hex(await subtle().digest("SHA-256", bytes(data)));
	}

	async function hmac(key, text) {
		var imported = await subtle().importKey("raw", bytes(key), { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
		return subtle().sign("HMAC", imported, bytes(text));
	}

	async function signingKey(config, date) {
		var key = "AWS4" + config.secretKey;
		for (var part of [date, config.region, config.serviceName, "aws4_request"]) {
			key = await hmac(key, part);
		}
		return key;
	}

	// The path is encoded once more: all services but S3 do so.
	function canonicalPath(path) {
		return path.split("/").map(core.utils.encode).join("/");
	}

	core.sigV4Client = {
		// The fields that a request of that time needs in addition; `headers` are signed, too.
		sign: async function (config, request, headers, body, now) {
			var time = now.toISOString().replace(/[:-]|\.\d{3}/g, "");
			var scope = [time.slice(0, 8), config.region, config.serviceName, "aws4_request"].join("/");
			var signed = Object.assign({}, headers, { host: new URL(config.endpoint).host, "x-amz-date": time });
			if (config.sessionToken) {
				signed["x-amz-security-token"] = config.sessionToken;
			}
			var names = Object.keys(signed).sort();
			var canonical = [request.verb, canonicalPath(request.path), core.utils.queryString(request.queryParams)].concat(
				names.map(function (name) { return name + ":" + String(signed[name]).trim().replace(/ +/g, " "); }),
				["", names.join(";"), await hash(body === undefined ? "" : body)]).join("\n");
			var stringToSign = [ALGORITHM, time, scope, await hash(canonical)].join("\n");
			var signature = hex(await hmac(await signingKey(config, time.slice(0, 8)), stringToSign));
			delete signed.host;
			signed.Authorization = ALGORITHM + " Credential=" + config.accessKey + "/" + scope + ", SignedHeaders=" + names.join(";") +
				", Signature=" + signature;
			return signed;
		},

		newClient: function (config) {
			return {
				makeRequest: async function (request) {
					var body = core.simpleHttpClient.bodyOf(request);
					var headers = core.simpleHttpClient.fieldsOf(request, config, body);
					// Only what signing adds is signed: what is on the way may change other fields.
					var added = await core.sigV4Client.sign(config, request, {}, body, new Date());
					return core.simpleHttpClient.send(request, config, Object.assign(headers, added), body);
				}
			};
		}
	};

	if (typeof module === "object" && module.exports) {
		module.exports = core.sigV4Client;
	}
})(typeof globalThis === "object" ? globalThis : this);
