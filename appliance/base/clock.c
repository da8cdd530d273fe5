/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "appliance/base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <time.h>

#include "appliance/base/assert.h"

#define MS_PER_DAY UINT64_C(86400000)
#define YEAR_MAX_MS UINT64_C(253402300799999) /* 9999-12-31T23:59:59.999Z */

static const char month_names[12][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
	"Dec" };
static const char weekday_names[7][4] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };

static _Thread_local struct {
	uint64_t monotonic_ns, wall_ms; /* 0: not read yet */
	uint64_t http_second, clf_second;
	size_t http_count, clf_count;
	char http[CLOCK_TEXT_MAX_BYTES], clf[CLOCK_TEXT_MAX_BYTES];
} turn;

static uint64_t read_ns(clockid_t which)
{
	struct timespec now;

	ASSERT(clock_gettime(which, &now) == 0);
	return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

uint64_t clock_monotonic_ns(void)
{
	return read_ns(CLOCK_MONOTONIC);
}

uint64_t clock_thread_ns(void)
{
	return read_ns(CLOCK_THREAD_CPUTIME_ID);
}

uint64_t clock_monotonic_ms(void)
{
	return clock_monotonic_ns() / 1000000;
}

uint64_t clock_boot_ms(void)
{
	return read_ns(CLOCK_BOOTTIME) / 1000000;
}

uint64_t clock_wall_ns(void)
{
	return read_ns(CLOCK_REALTIME);
}

uint64_t clock_wall_ms(void)
{
	return clock_wall_ns() / 1000000;
}

void clock_turn(void)
{
	turn.monotonic_ns = clock_monotonic_ns();
	turn.wall_ms = clock_wall_ms();
}

uint64_t clock_turn_monotonic_ns(void)
{
	if (turn.monotonic_ns == 0)
		clock_turn();
	return turn.monotonic_ns;
}

uint64_t clock_turn_monotonic_ms(void)
{
	return clock_turn_monotonic_ns() / 1000000;
}

uint64_t clock_turn_wall_ms(void)
{
	if (turn.monotonic_ns == 0)
		clock_turn();
	return turn.wall_ms;
}

/* Civil date of a day count since 1970-01-01. Source: Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms". */
void clock_civil_from_ms(struct clock_civil *ret, uint64_t wall_ms)
{
	uint64_t days, rest, era, day_of_era, year_of_era, day_of_year, month;

	if (wall_ms > YEAR_MAX_MS)
		wall_ms = YEAR_MAX_MS;
	days = wall_ms / MS_PER_DAY;
	rest = wall_ms % MS_PER_DAY;
	ret->weekday = (unsigned)((days + 4) % 7);
	days += 719468; /* from 0000-03-01 */
	era = days / 146097;
	day_of_era = days % 146097;
	year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	month = (5 * day_of_year + 2) / 153; /* from March */
	ret->day = (unsigned)(day_of_year - (153 * month + 2) / 5 + 1);
	ret->month = (unsigned)(month < 10 ? month + 3 : month - 9);
	ret->year = (unsigned)(year_of_era + era * 400 + (ret->month <= 2));
	ret->hour = (unsigned)(rest / 3600000);
	ret->minute = (unsigned)(rest / 60000 % 60);
	ret->second = (unsigned)(rest / 1000 % 60);
	ret->millisecond = (unsigned)(rest % 1000);
}

uint64_t clock_civil_to_ms(const struct clock_civil *civil)
{
	uint64_t year = civil->year - (civil->month <= 2), era = year / 400, year_of_era = year % 400;
	uint64_t month = civil->month > 2 ? civil->month - 3 : civil->month + 9;
	uint64_t day_of_year = (153 * month + 2) / 5 + civil->day - 1;
	uint64_t days = era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719468;

	return days * MS_PER_DAY + civil->hour * UINT64_C(3600000) + civil->minute * UINT64_C(60000) +
	       civil->second * UINT64_C(1000) + civil->millisecond;
}

/* Write `number` as `count` digits. */
static char *digits(char *at, unsigned number, unsigned count)
{
	for (unsigned i = count; i-- > 0; number /= 10)
		at[i] = (char)('0' + number % 10);
	return at + count;
}

/* Fill a pattern: Y M D h m s f are digits of their fields, N and W the names; everything else is itself. */
static size_t write_form(char *ret, uint64_t wall_ms, const char *form)
{
	struct clock_civil civil;
	char *at = ret;

	clock_civil_from_ms(&civil, wall_ms);
	for (; *form; form++) {
		switch (*form) {
		case 'Y':
			at = digits(at, civil.year, 4);
			break;
		case 'M':
			at = digits(at, civil.month, 2);
			break;
		case 'D':
			at = digits(at, civil.day, 2);
			break;
		case 'h':
			at = digits(at, civil.hour, 2);
			break;
		case 'm':
			at = digits(at, civil.minute, 2);
			break;
		case 's':
			at = digits(at, civil.second, 2);
			break;
		case 'f':
			at = digits(at, civil.millisecond, 3);
			break;
		case 'N':
			at = (char *)memcpy(at, month_names[civil.month - 1], 3) + 3;
			break;
		case 'W':
			at = (char *)memcpy(at, weekday_names[civil.weekday], 3) + 3;
			break;
		default:
			*at++ = *form;
			break;
		}
	}
	*at = '\0';
	return (size_t)(at - ret);
}

size_t clock_write_iso(char *ret, uint64_t wall_ms)
{
	return write_form(ret, wall_ms, "Y-M-DTh:m:sZ");
}

size_t clock_write_iso_ms(char *ret, uint64_t wall_ms)
{
	return write_form(ret, wall_ms, "Y-M-DTh:m:s.fZ");
}

size_t clock_write_iso_basic(char *ret, uint64_t wall_ms)
{
	return write_form(ret, wall_ms, "YMDThmsZ");
}

size_t clock_write_date(char *ret, uint64_t wall_ms)
{
	return write_form(ret, wall_ms, "YMD");
}

size_t clock_write_http(char *ret, uint64_t wall_ms)
{
	size_t count = write_form(ret, wall_ms, "W, D N Y h:m:s ");

	memcpy(ret + count, "GMT", 4);
	return count + 3;
}

size_t clock_write_clf(char *ret, uint64_t wall_ms)
{
	return write_form(ret, wall_ms, "D/N/Y:h:m:s +0000");
}

struct view clock_turn_http(void)
{
	uint64_t second = clock_turn_wall_ms() / 1000;

	if (second != turn.http_second || turn.http_count == 0) {
		turn.http_count = clock_write_http(turn.http, second * 1000);
		turn.http_second = second;
	}
	return view_from(turn.http, turn.http_count);
}

struct view clock_turn_clf(void)
{
	uint64_t second = clock_turn_wall_ms() / 1000;

	if (second != turn.clf_second || turn.clf_count == 0) {
		turn.clf_count = clock_write_clf(turn.clf, second * 1000);
		turn.clf_second = second;
	}
	return view_from(turn.clf, turn.clf_count);
}

/* --- Parsing ------------------------------------------------------------------------------------------------------- */

/* Take `count` digits off the front of `*text`. */
static bool take_digits(struct view *text, unsigned count, unsigned *ret)
{
	unsigned number = 0;

	if (text->count < count)
		return false;
	for (unsigned i = 0; i < count; i++) {
		if (text->at[i] < '0' || text->at[i] > '9')
			return false;
		number = number * 10 + (unsigned)(text->at[i] - '0');
	}
	*text = view_after(*text, count);
	*ret = number;
	return true;
}

static bool take_byte(struct view *text, char byte)
{
	if (text->count == 0 || text->at[0] != byte)
		return false;
	*text = view_after(*text, 1);
	return true;
}

static bool take_name(struct view *text, const char names[][4], unsigned name_count, unsigned *ret)
{
	for (unsigned i = 0; i < name_count; i++) {
		if (view_starts_with(*text, view_from_text(names[i]))) {
			*text = view_after(*text, 3);
			*ret = i;
			return true;
		}
	}
	return false;
}

static bool is_real(const struct clock_civil *civil)
{
	static const unsigned char days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	bool leap = (civil->year % 4 == 0 && civil->year % 100 != 0) || civil->year % 400 == 0;

	return civil->year >= 1970 && civil->month >= 1 && civil->month <= 12 && civil->day >= 1 &&
	       civil->day <= days[civil->month - 1] + (unsigned)(leap && civil->month == 2) && civil->hour < 24 &&
	       civil->minute < 60 && civil->second < 60;
}

int clock_parse_iso_basic(struct view text, uint64_t *ret_wall_ms)
{
	struct clock_civil civil = { 0 };

	if (!take_digits(&text, 4, &civil.year) || !take_digits(&text, 2, &civil.month) ||
		!take_digits(&text, 2, &civil.day) || !take_byte(&text, 'T') || !take_digits(&text, 2, &civil.hour) ||
		!take_digits(&text, 2, &civil.minute) || !take_digits(&text, 2, &civil.second) ||
		!take_byte(&text, 'Z') || text.count || !is_real(&civil))
		return -EINVAL;
	*ret_wall_ms = clock_civil_to_ms(&civil);
	return 0;
}

/* The zone at the end of an ISO time, as minutes east of UTC. */
static bool take_zone(struct view *text, int *ret_minutes)
{
	unsigned hours, minutes;
	int sign;

	*ret_minutes = 0;
	if (take_byte(text, 'Z'))
		return true;
	sign = take_byte(text, '+') ? 1 : take_byte(text, '-') ? -1 : 0;
	if (!sign || !take_digits(text, 2, &hours) || !take_byte(text, ':') || !take_digits(text, 2, &minutes) ||
		hours > 23 || minutes > 59)
		return false;
	*ret_minutes = sign * (int)(hours * 60 + minutes);
	return true;
}

int clock_parse_iso(struct view text, uint64_t *ret_wall_ms)
{
	struct clock_civil civil = { 0 };
	int zone_minutes = 0;
	int64_t wall_ms;

	if (!take_digits(&text, 4, &civil.year) || !take_byte(&text, '-') || !take_digits(&text, 2, &civil.month) ||
		!take_byte(&text, '-') || !take_digits(&text, 2, &civil.day))
		return -EINVAL;
	if (text.count) {
		unsigned digit, place = 100;

		if (!take_byte(&text, 'T') || !take_digits(&text, 2, &civil.hour) || !take_byte(&text, ':') ||
			!take_digits(&text, 2, &civil.minute) || !take_byte(&text, ':') ||
			!take_digits(&text, 2, &civil.second))
			return -EINVAL;
		if (take_byte(&text, '.')) {
			if (!take_digits(&text, 1, &digit))
				return -EINVAL;
			do {
				civil.millisecond += digit * place;
				place /= 10;
			} while (take_digits(&text, 1, &digit));
		}
		if (!take_zone(&text, &zone_minutes))
			return -EINVAL;
	}
	if (text.count || !is_real(&civil))
		return -EINVAL;
	wall_ms = (int64_t)clock_civil_to_ms(&civil) - (int64_t)zone_minutes * 60000;
	if (wall_ms < 0)
		return -EINVAL;
	*ret_wall_ms = (uint64_t)wall_ms;
	return 0;
}

int clock_parse_http(struct view text, uint64_t *ret_wall_ms)
{
	struct clock_civil civil = { 0 };
	unsigned weekday, month;

	if (!take_name(&text, weekday_names, 7, &weekday) || !take_byte(&text, ',') || !take_byte(&text, ' ') ||
		!take_digits(&text, 2, &civil.day) || !take_byte(&text, ' ') ||
		!take_name(&text, month_names, 12, &month) || !take_byte(&text, ' ') ||
		!take_digits(&text, 4, &civil.year) || !take_byte(&text, ' ') || !take_digits(&text, 2, &civil.hour) ||
		!take_byte(&text, ':') || !take_digits(&text, 2, &civil.minute) || !take_byte(&text, ':') ||
		!take_digits(&text, 2, &civil.second) || !view_equals(text, view_of(" GMT")))
		return -EINVAL;
	civil.month = month + 1;
	if (!is_real(&civil))
		return -EINVAL;
	*ret_wall_ms = clock_civil_to_ms(&civil);
	return 0;
}
