/* SPDX-License-Identifier: GPL-3.0-or-later */
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.minidev.json.JSONStyle;
import net.minidev.json.JSONValue;
import net.minidev.json.parser.JSONParser;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;
import org.apache.velocity.app.event.EventCartridge;
import org.apache.velocity.app.event.ReferenceInsertionEventHandler;
import org.apache.velocity.exception.ParseErrorException;
import org.apache.velocity.exception.VelocityException;
import org.apache.velocity.runtime.RuntimeConstants;

/**
 * What Apache Velocity and Jayway's JsonPath make of templates and paths: a case a line on standard input, an answer a line on
 * standard output, both JSON. Cases and answers are those of engine.c; fuzz.py compares.
 *
 * API Gateway's own rules that stock Velocity does not have: an undefined reference prints nothing (an event handler); $input
 * and $util (OracleInput, OracleUtil). Its other rules are left out by what fuzz.py writes.
 */
public final class Oracle {
	private Oracle() {
	}

	static VelocityEngine engine() {
		VelocityEngine engine = new VelocityEngine();
		engine.setProperty(RuntimeConstants.RUNTIME_LOG_LOGSYSTEM_CLASS, "org.apache.velocity.runtime.log.NullLogChute");
		engine.setProperty(RuntimeConstants.VM_LIBRARY, "");
		engine.setProperty(RuntimeConstants.INPUT_ENCODING, "UTF-8");
		engine.init();
		return engine;
	}

	/** Java's own lists and maps in the place of json-smart's. */
	static Object plain(Object value) {
		if (value instanceof Map) {
			Map<Object, Object> copy = new LinkedHashMap<>();
			for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet())
				copy.put(entry.getKey(), plain(entry.getValue()));
			return copy;
		}
		if (value instanceof List) {
			List<Object> copy = new ArrayList<>();
			for (Object item : (List<?>) value)
				copy.add(plain(item));
			return copy;
		}
		return value;
	}

	static Object parse(String text) throws Exception {
		return new JSONParser(JSONParser.MODE_PERMISSIVE).parse(text, JSONValue.defaultReader.DEFAULT_ORDERED);
	}

	static VelocityContext context(Map<?, ?> variables) {
		VelocityContext context = new VelocityContext();
		for (Map.Entry<?, ?> variable : variables.entrySet()) {
			if (variable.getKey().equals("@input")) {
				context.put("input", new OracleInput((Map<?, ?>) variable.getValue()));
				context.put("util", new OracleUtil());
			} else {
				context.put((String) variable.getKey(), plain(variable.getValue()));
			}
		}
		EventCartridge events = new EventCartridge();
		events.addEventHandler(new ReferenceInsertionEventHandler() {
			@Override
			public Object referenceInsert(String reference, Object value) {
				return value == null || value instanceof OracleInput || value instanceof OracleUtil ? "" : value;
			}
		});
		events.attachToContext(context);
		return context;
	}

	private static void render(VelocityEngine shared, Map<?, ?> test, Map<String, Object> answer) {
		String template = (String) test.get("template");
		/* macros belong to an engine: one for each template that has some */
		VelocityEngine engine = template.contains("macro") ? engine() : shared;
		StringWriter out = new StringWriter();
		try {
			engine.evaluate(context((Map<?, ?>) test.get("context")), out, "t", template);
			answer.put("output", out.toString());
		} catch (ParseErrorException e) {
			answer.put("error", "parse");
		} catch (VelocityException e) {
			answer.put("error", "runtime");
			answer.put("text", String.valueOf(e.getWrappedThrowable() == null ? e.getMessage() : e.getWrappedThrowable()));
		} catch (RuntimeException | StackOverflowError e) {
			answer.put("error", "runtime");
			answer.put("text", e.toString());
		}
	}

	private static void find(Map<?, ?> test, Map<String, Object> answer) {
		try {
			answer.put("found", OracleInput.read(parse((String) test.get("document")), (String) test.get("path")));
		} catch (Exception e) {
			answer.put("error", e.getClass().getSimpleName());
		}
	}

	public static void main(String[] arguments) throws Exception {
		BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
		PrintStream out = new PrintStream(System.out, false, "UTF-8");
		VelocityEngine engine = engine();
		String line;
		while ((line = in.readLine()) != null) {
			Map<?, ?> test = (Map<?, ?>) parse(line);
			Map<String, Object> answer = new LinkedHashMap<>();
			if (test.containsKey("template"))
				render(engine, test, answer);
			else
				find(test, answer);
			out.println(JSONValue.toJSONString(answer, JSONStyle.LT_COMPRESS));
		}
		out.flush();
	}
}
