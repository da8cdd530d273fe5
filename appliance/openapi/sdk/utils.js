// SPDX-License-Identifier: 0BSD
// What the other files of this SDK share. In a page it becomes apiGateway.core.utils; in Node it is a module.
(function (root) {
	"use strict";
	var apiGateway = root.apiGateway = root.apiGateway || {};
	var core = apiGateway.core = apiGateway.core || {};

	core.utils = {
		// Throws, naming the first that is missing.
		assertParametersDefined: function (params, names) {
			names.forEach(function (name) {
				if (params[name] === undefined || params[name] === null) {
					throw new TypeError(name + " must be defined");
				}
			});
		},

		// The members of `params` with these names that are defined.
		parseParametersToObject: function (params, names) {
			var found = {};
			names.forEach(function (name) {
				if (params[name] !== undefined && params[name] !== null) {
					found[name] = params[name];
				}
			});
			return found;
		},

		mergeInto: function (base, additional) {
			return Object.assign({}, base, additional);
		},

		// Percent-encoding of RFC 3986: only unreserved characters stay.
		encode: function (text) {
			return encodeURIComponent(text).replace(/[!'()*]/g, function (character) {
				return "%" + character.charCodeAt(0).toString(16).toUpperCase();
			});
		},

		// A path template with its {name} and {name+} filled in; slashes stay in the latter.
		expand: function (template, values) {
			return template.replace(/\{([^{}+]+)(\+?)\}/g, function (all, name, greedy) {
				var text = String(values[name]);
				return greedy ? text.split("/").map(core.utils.encode).join("/") : core.utils.encode(text);
			});
		},

		// [name, value] pairs, encoded and in canonical order; an array is one pair for each of its items.
		queryPairs: function (params) {
			var pairs = [];
			Object.keys(params || {}).forEach(function (name) {
				[].concat(params[name]).forEach(function (value) {
					pairs.push([core.utils.encode(name), core.utils.encode(String(value))]);
				});
			});
			return pairs.sort(function (left, right) {
				var i = left[0] === right[0] ? 1 : 0;
				return left[i] < right[i] ? -1 : left[i] > right[i] ? 1 : 0;
			});
		},

		queryString: function (params) {
			return core.utils.queryPairs(params).map(function (pair) { return pair.join("="); }).join("&");
		}
	};

	if (typeof module === "object" && module.exports) {
		module.exports = core.utils;
	}
})(typeof globalThis === "object" ? globalThis : this);
