/* SPDX-License-Identifier: GPL-3.0-or-later */
import java.io.StringReader;
import java.io.StringWriter;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Scanner;
import net.minidev.json.JSONStyle;
import net.minidev.json.JSONValue;
import org.apache.velocity.Template;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.runtime.RuntimeServices;
import org.apache.velocity.runtime.RuntimeSingleton;

/**
 * CPU nanoseconds that one rendering of a template takes in a warm JVM: parsed once, rendered with a fresh context and a fresh $input, as
 * for each request. Each line of standard input asks for a measurement of so many seconds; an empty line asks for what is
 * rendered. Only the rendering thread counts: not what collecting its garbage and compiling its methods take.
 *
 * usage: OracleBench CASE
 */
public final class OracleBench {
	private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

	private final Template template = new Template();
	private final Map<?, ?> variables;

	private OracleBench(Map<?, ?> test) throws Exception {
		variables = (Map<?, ?>) test.get("context");
		RuntimeSingleton.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
		RuntimeServices services = RuntimeSingleton.getRuntimeServices();
		services.init();
		template.setRuntimeServices(services);
		template.setData(services.parse(new StringReader((String) test.get("template")), "bench"));
		template.initDocument();
	}

	/** What is not the payload is there already; the overrides are a request's own. */
	private String render() {
		VelocityContext context = Oracle.context(variables);
		Map<String, Object> headers = new LinkedHashMap<>();
		headers.put("header", new LinkedHashMap<String, Object>());
		cast(context.get("context")).put("requestOverride", headers);
		StringWriter out = new StringWriter();
		template.merge(context, out);
		return out.toString();
	}

	@SuppressWarnings("unchecked")
	private static Map<Object, Object> cast(Object value) {
		return (Map<Object, Object>) value;
	}

	private void run(double seconds) {
		long until = System.nanoTime() + (long) (seconds * 1e9), before = THREADS.getCurrentThreadCpuTime(), count = 0;
		do {
			for (int i = 0; i < 50; i++)
				render();
			count += 50;
		} while (System.nanoTime() < until);
		System.out.println((THREADS.getCurrentThreadCpuTime() - before) / count);
	}

	public static void main(String[] arguments) throws Exception {
		String text = new String(Files.readAllBytes(Paths.get(arguments[0])), StandardCharsets.UTF_8);
		OracleBench bench = new OracleBench((Map<?, ?>) Oracle.parse(text));
		Scanner in = new Scanner(System.in);
		while (in.hasNextLine()) {
			String line = in.nextLine();
			if (line.isEmpty()) {
				Map<String, Object> answer = new LinkedHashMap<>();
				answer.put("output", bench.render());
				System.out.println(JSONValue.toJSONString(answer, JSONStyle.LT_COMPRESS));
			} else {
				bench.run(Double.parseDouble(line));
			}
		}
	}
}
