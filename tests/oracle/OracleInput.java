/* SPDX-License-Identifier: GPL-3.0-or-later */
import com.jayway.jsonpath.Configuration;
import com.jayway.jsonpath.JsonPath;
import com.jayway.jsonpath.spi.json.JsonSmartJsonProvider;
import java.util.List;
import java.util.Map;
import net.minidev.json.JSONStyle;
import net.minidev.json.JSONValue;

/** $input on JsonPath: a path that fails is undefined for path() and "" for json(). */
public final class OracleInput {
	private static final Configuration CONFIGURATION =
		Configuration.builder().jsonProvider(new JsonSmartJsonProvider()).build();

	private final String body;
	private final Map<?, ?> parameters;
	private Object document;

	OracleInput(Map<?, ?> input) {
		String text = (String) input.get("body");
		body = text.isEmpty() ? "{}" : text;
		parameters = (Map<?, ?>) Oracle.plain(input.get("params"));
	}

	static Object read(Object document, String path) {
		return JsonPath.using(CONFIGURATION).parse(document).read(path);
	}

	static String write(Object value) {
		return JSONValue.toJSONString(value, JSONStyle.LT_COMPRESS);
	}

	private Object document() {
		if (document == null) {
			String start = body.trim();
			boolean isJson = start.startsWith("{") || start.startsWith("[") || start.startsWith("\"");
			try {
				document = isJson ? Oracle.parse(body) : body;
			} catch (Exception e) {
				throw new IllegalArgumentException(e);
			}
		}
		return document;
	}

	public String getBody() {
		return body;
	}

	public Object path(String path) {
		Object all = document();
		try {
			return read(all, path);
		} catch (RuntimeException e) {
			return null;
		}
	}

	public String json(String path) {
		Object all = document();
		try {
			return write(read(all, path));
		} catch (RuntimeException e) {
			return "\"\"";
		}
	}

	private static Object last(Object value) {
		return value instanceof List ? ((List<?>) value).get(((List<?>) value).size() - 1) : value;
	}

	public Object params() {
		return parameters;
	}

	public Object params(String name) {
		for (String place : new String[] { "path", "querystring", "header" }) {
			Object value = ((Map<?, ?>) parameters.get(place)).get(name);
			if (value != null)
				return last(value);
		}
		return "";
	}
}
