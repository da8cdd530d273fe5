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
import org.apache.velocity.Template;
import org.apache.velocity.VelocityContext;
import org.apache.velocity.app.VelocityEngine;
import org.apache.velocity.runtime.RuntimeServices;
import org.apache.velocity.runtime.RuntimeSingleton;
import org.apache.velocity.runtime.parser.node.SimpleNode;

/**
 * CPU nanoseconds that one rendering of a template takes in a warm JVM: parsed once, rendered with a fresh context and a fresh $input for
 * each body, as for each request. Each line of standard input asks for a measurement of so many seconds; the answer is the figure and
 * the bytes that were rendered. Only the rendering thread counts: not what collecting its garbage and compiling its methods take.
 *
 * usage: OracleBench TEMPLATE BODY WARM_SECONDS
 */
public final class OracleBench {
	private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

	private final Template template = new Template();
	private final String body;

	private OracleBench(String text, String body) throws Exception {
		VelocityEngine engine = Oracle.engine();
		this.body = body;
		RuntimeSingleton.setProperty("runtime.log.logsystem.class", "org.apache.velocity.runtime.log.NullLogChute");
		RuntimeServices services = RuntimeSingleton.getRuntimeServices();
		services.init();
		SimpleNode node = services.parse(new StringReader(text), "bench");
		template.setRuntimeServices(services);
		template.setData(node);
		template.initDocument();
	}

	private String render() {
		Map<String, Object> input = new LinkedHashMap<>();
		Map<String, Object> parameters = new LinkedHashMap<>();
		for (String place : new String[] { "path", "querystring", "header" })
			parameters.put(place, new LinkedHashMap<String, Object>());
		input.put("body", body);
		input.put("params", parameters);
		VelocityContext context = new VelocityContext();
		context.put("input", new OracleInput(input));
		context.put("util", new OracleUtil());
		StringWriter out = new StringWriter();
		template.merge(context, out);
		return out.toString();
	}

	private void run(double seconds, boolean say) {
		long until = System.nanoTime() + (long) (seconds * 1e9), before = THREADS.getCurrentThreadCpuTime(), count = 0, bytes = 0;
		do {
			for (int i = 0; i < 50; i++)
				bytes = render().length();
			count += 50;
		} while (System.nanoTime() < until);
		if (say)
			System.out.println((THREADS.getCurrentThreadCpuTime() - before) / count + " " + bytes);
	}

	public static void main(String[] arguments) throws Exception {
		String template = new String(Files.readAllBytes(Paths.get(arguments[0])), StandardCharsets.UTF_8);
		String body = new String(Files.readAllBytes(Paths.get(arguments[1])), StandardCharsets.UTF_8);
		OracleBench bench = new OracleBench(template, body);
		bench.run(Double.parseDouble(arguments[2]), false);
		System.out.println("warm");
		java.util.Scanner in = new java.util.Scanner(System.in);
		while (in.hasNextLine())
			bench.run(Double.parseDouble(in.nextLine()), true);
	}
}
