{%- extends "manage_students.tpl" -%}

{%- block head -%}
{{ super() }}
<style>
  /* Students are added and changed by instructors. */
  th:nth-child(5), td.edit { display: none; }
</style>
{%- endblock -%}

{%- block table_footer -%}
{%- endblock -%}
