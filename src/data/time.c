/* time.c - times as people write them. */
#include <string.h>

#include "base/text.h"
#include "data/read.h"

/* Days since 1970-01-01 of a date of the Gregorian calendar (Hinnant's days_from_civil). */
static int64_t time_days(int64_t year, int64_t month, int64_t day) {
    year -= month <= 2;
    int64_t era = (year >= 0 ? year : year - 399) / 400, year_of_era = year - era * 400;
    int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    return era * 146097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year -
           719468;
}

static int64_t time_month_length(int64_t year, int64_t month) {
    return time_days(month == 12 ? year + 1 : year, month == 12 ? 1 : month + 1, 1) -
           time_days(year, month, 1);
}

/* Exactly `n` digits at *at as a number in [low, high]; moves past them. */
static bool time_digits(const char **at, const char *end, int n, int64_t low, int64_t high,
                        int64_t *out) {
    if (end - *at < n) return false;
    int64_t value = 0;
    for (int i = 0; i < n; i++) {
        char c = (*at)[i];
        if (c < '0' || c > '9') return false;
        value = value * 10 + (c - '0');
    }
    *at += n;
    *out = value;
    return value >= low && value <= high;
}

static bool time_char(const char **at, const char *end, const char *allowed) {
    if (*at == end || !strchr(allowed, **at) || !**at) return false;
    (*at)++;
    return true;
}

/* "Z", "+02:00", "-0530" or nothing: seconds east of Greenwich. */
static bool time_zone(const char **at, const char *end, int64_t *out) {
    *out = 0;
    if (*at == end || time_char(at, end, "Zz")) return *at == end;
    int64_t sign = **at == '-' ? -1 : 1, hours, minutes = 0;
    if (!time_char(at, end, "+-") || !time_digits(at, end, 2, 0, 14, &hours)) return false;
    if (*at < end) {
        time_char(at, end, ":");
        if (!time_digits(at, end, 2, 0, 59, &minutes)) return false;
    }
    *out = sign * (hours * 3600 + minutes * 60);
    return *at == end;
}

static bool time_parse_date(const char *begin, const char *end, int64_t *out) {
    const char *at = begin;
    int64_t year, month, day, hour = 0, minute = 0, second = 0, zone = 0;
    if (!time_digits(&at, end, 4, 0, 9999, &year) || !time_char(&at, end, "-/") ||
        !time_digits(&at, end, 2, 1, 12, &month) || !time_char(&at, end, "-/") ||
        !time_digits(&at, end, 2, 1, 31, &day) || day > time_month_length(year, month)) {
        return false;
    }
    if (at < end) {
        if (!time_char(&at, end, "Tt ") || !time_digits(&at, end, 2, 0, 23, &hour) ||
            !time_char(&at, end, ":") || !time_digits(&at, end, 2, 0, 59, &minute)) {
            return false;
        }
        if (time_char(&at, end, ":") && !time_digits(&at, end, 2, 0, 60, &second)) return false;
        if (time_char(&at, end, ".,")) {
            while (at < end && *at >= '0' && *at <= '9') at++;
        }
        if (!time_zone(&at, end, &zone)) return false;
    }
    *out = time_days(year, month, day) * 86400 + hour * 3600 + minute * 60 + second - zone;
    return true;
}

bool pal_time_parse(const char *begin, const char *end, int64_t *out, bool *is_number) {
    double number;
    *is_number = true;
    if (pal_parse_int64(begin, end, out)) return true;
    if (pal_parse_double(begin, end, &number) && number > -9e18 && number < 9e18) {
        *out = (int64_t)number;
        return true;
    }
    *is_number = false;
    return time_parse_date(begin, end, out);
}
