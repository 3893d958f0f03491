{%- extends "manage_assignments.tpl" -%}

{%- block head -%}
{{ super() }}
<style>
  /* For instructors: edit, generate, release, collect; feedback has a page of its own. */
  th:nth-child(4), th:nth-child(5), th:nth-child(7), th:nth-child(8),
  th:nth-child(10), th:nth-child(11), td.edit, td.assign, td.release, td.collect,
  td.generate-feedback, td.release-feedback { display: none; }
</style>
{%- endblock -%}

{%- block title -%}
Assignments
{%- endblock -%}

{%- block messages -%}
<p>Click a number of submissions to grade one student's again, or to give its feedback.
Mark written answers under <a href="{{ base_url }}/formgrader/gradebook">Manual Grading</a>.
Collect and grade the whole class on <a href="{{ base_url }}-grading/">the grading page</a>.</p>
{%- endblock -%}

{%- block table_footer -%}
{%- endblock -%}
