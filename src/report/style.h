/* style.h - the report's style sheet: light and dark, from phone to desk. */
#ifndef PAL_REPORT_STYLE_H
#define PAL_REPORT_STYLE_H

extern const char pal_report_style[];

#endif
