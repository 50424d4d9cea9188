/* style.h - the report's style sheet, light and dark, from phone to desk, and its only script. */
#ifndef PAL_REPORT_STYLE_H
#define PAL_REPORT_STYLE_H

extern const char pal_report_style[], pal_report_style_figures[];
/* Sorts a table of class "sorts" by the column whose heading is pressed; the page is whole without
 * it. */
extern const char pal_report_script[];

#endif
