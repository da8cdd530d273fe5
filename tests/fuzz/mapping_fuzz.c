/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as what the pipeline reads without the template engine: the template of a gateway response, the body of a MOCK, the two
 * sides of a parameter mapping (cut at the first newline), a media type, a body to be converted. Pieces of a template put together
 * are the template again; what becomes text is UTF-8; what becomes base64 comes back.
 */
#include <stdint.h>
#include <stdlib.h>

#include "appliance/base/assert.h"
#include "appliance/mapping/mapping_parameter.h"
#include "appliance/mapping/mapping_template.h"
#include "appliance/pipeline/binary.h"
#include "appliance/pipeline/content_handling.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_pieces(struct view text)
{
	struct view rest = text;
	struct mapping_piece piece;
	size_t before = rest.count;

	while (mapping_piece_next(&piece, &rest)) {
		ASSERT(rest.count < before);
		before = rest.count;
		ASSERT(piece.text.at >= text.at && piece.text.at + piece.text.count <= text.at + text.count);
		ASSERT(piece.kind == MAPPING_PIECE_LITERAL || piece.text.count > 0);
	}
	ASSERT(rest.count == 0);
}

static void read_mapping(struct view text)
{
	static const enum mapping_side sides[] = { MAPPING_INTEGRATION_REQUEST, MAPPING_METHOD_RESPONSE,
		MAPPING_GATEWAY_RESPONSE };
	struct mapping_parameter parameter;
	struct view target, source;
	const char *rule;

	(void)view_cut(text, '\n', &target, &source);
	for (size_t i = 0; i < ARRAY_COUNT(sides); i++) {
		if (mapping_parameter_compile(&parameter, sides[i], target, source, &rule) == 0)
			ASSERT(mapping_name_is_valid(parameter.target_name));
	}
}

static void convert(struct arena *arena, struct view body)
{
	struct view text, bytes;

	ASSERT(content_handling_convert(arena, CONTENT_TO_TEXT, body, &text) == 0 && view_is_utf8(text));
	ASSERT(content_handling_convert(arena, CONTENT_TO_BASE64, body, &text) == 0);
	ASSERT(content_handling_convert(arena, CONTENT_TO_BYTES, text, &bytes) == 0 && view_equals(bytes, body));
	(void)!content_handling_convert(arena, CONTENT_TO_BYTES, body, &bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct view input = view_from((const char *)data, size);
	struct view types[] = { VIEW_INIT("image/*"), VIEW_INIT("*/x"), input };
	const struct snapshot_deployment deployment = { .binary_media_type_count = ARRAY_COUNT(types),
		.binary_media_types = types };
	struct arena arena;
	int status = mapping_template_mock_status(input);

	ASSERT(status >= 0 && status <= 999999);
	read_pieces(input);
	read_mapping(input);
	(void)binary_matches(&deployment, input);
	arena_init(&arena, NULL, (size_t)64 << 20);
	convert(&arena, input);
	arena_fini(&arena);
	return 0;
}
